package sla

import (
	"encoding/json"
	"errors"
	"reflect"
	"strings"
	"testing"
	"time"
)

var nineToFive = Interval{From: 9 * 60, To: 17 * 60}

func weekdays(intervals ...Interval) map[time.Weekday][]Interval {
	week := make(map[time.Weekday][]Interval)
	for day := time.Monday; day <= time.Friday; day++ {
		week[day] = intervals
	}
	return week
}

func everyDay(intervals ...Interval) map[time.Weekday][]Interval {
	week := weekdays(intervals...)
	week[time.Saturday], week[time.Sunday] = intervals, intervals
	return week
}

func mustNew(t testing.TB, s Spec) *Calendar {
	t.Helper()
	c, err := New(s)
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func local(t testing.TB, zone, clock string) time.Time {
	t.Helper()
	location, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	at, err := time.ParseInLocation("2006-01-02 15:04", clock, location)
	if err != nil {
		t.Fatal(err)
	}
	return at
}

func TestAdd(t *testing.T) {
	t.Parallel()
	night := Interval{From: 22 * 60, To: 6 * 60}
	shutdown := make([]Holiday, 40)
	for n := range shutdown {
		shutdown[n].Date = time.Date(2026, 12, 1+n, 0, 0, 0, 0, time.UTC).Format(time.DateOnly)
	}
	tests := map[string]struct {
		spec Spec
		from string
		add  time.Duration
		want string
	}{
		"within a day":             {Spec{Week: weekdays(nineToFive)}, "2026-11-23 09:30", time.Hour, "2026-11-23 10:30"},
		"ends with the day":        {Spec{Week: weekdays(nineToFive)}, "2026-11-23 09:00", 8 * time.Hour, "2026-11-23 17:00"},
		"over a weekend":           {Spec{Week: weekdays(nineToFive)}, "2026-11-27 16:00", 2 * time.Hour, "2026-11-30 10:00"},
		"begins closed":            {Spec{Week: weekdays(nineToFive)}, "2026-11-28 12:00", time.Hour, "2026-11-30 10:00"},
		"nothing to add":           {Spec{Week: weekdays(nineToFive)}, "2026-11-28 12:00", 0, "2026-11-28 12:00"},
		"lunch break":              {Spec{Week: weekdays(Interval{13 * 60, 17 * 60}, Interval{9 * 60, 12 * 60})}, "2026-11-23 11:00", 2 * time.Hour, "2026-11-23 14:00"},
		"overlapping intervals":    {Spec{Week: weekdays(nineToFive, Interval{16 * 60, 18 * 60})}, "2026-11-23 15:00", 3 * time.Hour, "2026-11-23 18:00"},
		"night shift":              {Spec{Week: weekdays(night)}, "2026-11-23 23:00", 3 * time.Hour, "2026-11-24 02:00"},
		"night shift, next night":  {Spec{Week: weekdays(night)}, "2026-11-24 05:00", 2 * time.Hour, "2026-11-24 23:00"},
		"night shift, Saturday":    {Spec{Week: weekdays(night)}, "2026-11-28 05:00", 2 * time.Hour, "2026-11-30 23:00"},
		"night into a holiday":     {Spec{Week: weekdays(night), Holidays: []Holiday{{Date: "2026-11-24"}}}, "2026-11-23 23:00", 2 * time.Hour, "2026-11-25 01:00"},
		"part of a holiday":        {Spec{Week: weekdays(nineToFive), Holidays: []Holiday{{Date: "2026-12-24", Part: &Interval{12 * 60, 24 * 60}}, {Date: "2026-12-25"}}}, "2026-12-24 11:00", 2 * time.Hour, "2026-12-28 10:00"},
		"shutdown of 40 days":      {Spec{Week: weekdays(nineToFive), Holidays: shutdown}, "2026-11-30 16:00", 2 * time.Hour, "2027-01-11 10:00"},
		"spring forward":           {Spec{Zone: "Europe/Berlin", Week: everyDay(Interval{0, 8 * 60})}, "2026-03-29 00:00", 7 * time.Hour, "2026-03-29 08:00"},
		"fall back":                {Spec{Zone: "Europe/Berlin", Week: everyDay(Interval{0, 8 * 60})}, "2026-10-25 00:00", 9 * time.Hour, "2026-10-25 08:00"},
		"only in the skipped hour": {Spec{Zone: "Europe/Berlin", Week: map[time.Weekday][]Interval{time.Sunday: {{2 * 60, 3 * 60}}}}, "2026-03-29 00:00", time.Hour, "2026-04-05 03:00"},
		"half an hour's shift":     {Spec{Zone: "Australia/Lord_Howe", Week: everyDay(Interval{0, 8 * 60})}, "2026-10-04 00:00", 7*time.Hour + 30*time.Minute, "2026-10-04 08:00"},
		"last day of a leap year":  {Spec{Zone: "Europe/Berlin", Week: everyDay(nineToFive)}, "2040-12-31 16:00", 2 * time.Hour, "2041-01-01 10:00"},
		"no midnight":              {Spec{Zone: "Africa/Cairo", Week: everyDay(Interval{0, 8 * 60})}, "2026-04-23 07:00", 8 * time.Hour, "2026-04-24 08:00"},
		"a date that was skipped":  {Spec{Zone: "Pacific/Apia", Week: everyDay(nineToFive)}, "2011-12-29 16:00", 2 * time.Hour, "2011-12-31 10:00"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := mustNew(t, tt.spec).Add(local(t, tt.spec.Zone, tt.from), tt.add)
			if want := local(t, tt.spec.Zone, tt.want); !got.Equal(want) {
				t.Errorf("Add(%s, %s) = %s, want %s", tt.from, tt.add, got, want)
			}
		})
	}
}

func TestSpringAndFallBackNights(t *testing.T) {
	t.Parallel()
	c := mustNew(t, Spec{Zone: "America/New_York", Week: everyDay(Interval{0, 8 * 60})})
	for date, want := range map[string]time.Duration{
		"2026-03-08": 7 * time.Hour, "2026-03-09": 8 * time.Hour, "2026-11-01": 9 * time.Hour,
	} {
		got := c.Between(local(t, "America/New_York", date+" 00:00"), local(t, "America/New_York", date+" 12:00"))
		if got != want {
			t.Errorf("%s: open for %s, want %s", date, got, want)
		}
	}
}

func TestOpen(t *testing.T) {
	t.Parallel()
	c := mustNew(t, Spec{Week: weekdays(nineToFive)})
	for clock, want := range map[string]bool{
		"2026-11-23 08:59": false, "2026-11-23 09:00": true, "2026-11-23 16:59": true, "2026-11-23 17:00": false, "2026-11-22 12:00": false,
	} {
		if got := c.Open(local(t, "", clock)); got != want {
			t.Errorf("Open(%s) = %t", clock, got)
		}
	}
	if got, want := c.NextOpen(local(t, "", "2026-11-27 17:00")), local(t, "", "2026-11-30 09:00"); !got.Equal(want) {
		t.Errorf("NextOpen = %s, want %s", got, want)
	}
}

func TestNewSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	week := weekdays(nineToFive)
	tests := map[string]Spec{
		`zone "Mars/Olympus" is not known`:                 {Zone: "Mars/Olympus", Week: week},
		`zone "Local" is not known`:                        {Zone: "Local", Week: week},
		"week: no day has an open interval":                {},
		"weekday 7 does not exist":                         {Week: map[time.Weekday][]Interval{7: {nineToFive}}},
		"Tuesday: interval 2 (09:00-09:00) is empty":       {Week: map[time.Weekday][]Interval{time.Tuesday: {nineToFive, {540, 540}}}},
		"Tuesday: interval 1 (09:00-25:00) is empty or le": {Week: map[time.Weekday][]Interval{time.Tuesday: {{540, 1500}}}},
		`holiday 2: "2026-02-30" is not a date`:            {Week: week, Holidays: []Holiday{{Date: "2026-12-24"}, {Date: "2026-02-30"}}},
		"holiday 1: 2026-12-24: part 22:00-06:00":          {Week: week, Holidays: []Holiday{{Date: "2026-12-24", Part: &Interval{1320, 360}}}},
	}
	for want, spec := range tests {
		t.Run(want, func(t *testing.T) {
			t.Parallel()
			_, err := New(spec)
			if !errors.Is(err, ErrSpec) || !strings.Contains(err.Error(), want) {
				t.Errorf("New says %v, want %q", err, want)
			}
		})
	}
}

func TestCheckOpens(t *testing.T) {
	t.Parallel()
	from := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
	closed := func(days int) *Calendar {
		s := Spec{Week: everyDay(nineToFive)}
		for n := range days {
			s.Holidays = append(s.Holidays, Holiday{Date: from.AddDate(0, 0, n).Format(time.DateOnly)})
		}
		return mustNew(t, s)
	}
	if err := closed(399).CheckOpens(from); err != nil {
		t.Errorf("399 closed days: %v", err)
	}
	if err := closed(400).CheckOpens(from); !errors.Is(err, ErrSpec) {
		t.Errorf("400 closed days: %v, want ErrSpec", err)
	}
	if err := Always().CheckOpens(from); err != nil {
		t.Errorf("always: %v", err)
	}
}

func TestSpecIsStoredAsJSON(t *testing.T) {
	t.Parallel()
	spec := Spec{
		Zone:     "Europe/Berlin",
		Week:     map[time.Weekday][]Interval{time.Monday: {{1320, 360}, {540, 1440}}},
		Holidays: []Holiday{{Date: "2026-12-24", Part: &Interval{720, 1440}}, {Date: "2026-12-25"}},
	}
	const want = `{"zone":"Europe/Berlin","week":{"1":["22:00-06:00","09:00-24:00"]},` +
		`"holidays":[{"date":"2026-12-24","part":"12:00-24:00"},{"date":"2026-12-25"}]}`
	stored, err := json.Marshal(spec)
	if err != nil || string(stored) != want {
		t.Fatalf("stored as %s (%v), want %s", stored, err, want)
	}
	var read Spec
	if err := json.Unmarshal(stored, &read); err != nil || !reflect.DeepEqual(read, spec) {
		t.Errorf("read back %+v (%v), want %+v", read, err, spec)
	}
}
