package sla

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// zones shift by an hour, by half an hour, at midnight, across the date line, against the seasons, or never.
var zones = []string{
	"", "Europe/Berlin", "Europe/Dublin", "America/New_York", "America/St_Johns", "America/Havana", "America/Santiago",
	"America/Sao_Paulo", "Africa/Cairo", "Africa/Casablanca", "Asia/Beirut", "Asia/Kolkata", "Asia/Kathmandu", "Asia/Gaza",
	"Australia/Lord_Howe", "Pacific/Apia", "Pacific/Kwajalein", "Pacific/Chatham", "America/Scoresbysund", "Antarctica/Troll",
}

// drawCase draws a calendar and an instant near which its zone changes or a holiday falls, mostly.
func drawCase(r *rapid.T) (Spec, *Calendar, time.Time) {
	minute := rapid.IntRange(0, minutesOfDay-1)
	spec := Spec{Zone: rapid.SampledFrom(zones).Draw(r, "zone"), Week: make(map[time.Weekday][]Interval)}
	zone, err := time.LoadLocation(spec.Zone)
	if err != nil {
		r.Fatal(err)
	}
	start := time.Unix(rapid.Int64Range(0, 4e9).Draw(r, "start"), rapid.Int64Range(0, 999_999_999).Draw(r, "nanosecond")).In(zone)
	if _, end := start.ZoneBounds(); !end.IsZero() && rapid.IntRange(0, 3).Draw(r, "near a change") > 0 {
		start = end.Add(-time.Duration(rapid.Int64Range(0, int64(72*time.Hour)).Draw(r, "before the change")))
	}
	for range rapid.IntRange(1, 12).Draw(r, "intervals") {
		day := time.Weekday(rapid.IntRange(0, 6).Draw(r, "weekday"))
		i := Interval{From: minute.Draw(r, "from"), To: minute.Draw(r, "to")}
		if i.From == i.To {
			i = Interval{From: 0, To: minutesOfDay}
		}
		spec.Week[day] = append(spec.Week[day], i)
	}
	for range rapid.IntRange(0, 4).Draw(r, "holidays") {
		h := Holiday{Date: start.AddDate(0, 0, rapid.IntRange(-2, 12).Draw(r, "holiday")).Format(time.DateOnly)}
		if from := minute.Draw(r, "part from"); rapid.Bool().Draw(r, "in part") {
			h.Part = &Interval{From: from, To: rapid.IntRange(from+1, minutesOfDay).Draw(r, "part to")}
		}
		spec.Holidays = append(spec.Holidays, h)
	}
	c, err := New(spec)
	if err != nil {
		r.Fatal(err)
	}
	return spec, c, start
}

func drawSpan(r *rapid.T, name string) time.Duration {
	return time.Duration(rapid.Int64Range(0, int64(200*time.Hour)).Draw(r, name))
}

func TestLawsOfOpenTime(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		_, c, at := drawCase(r)
		checkLaws(r, c, at, drawSpan(r, "a"), drawSpan(r, "b"))
	})
}

// checkLaws holds the laws of open time against one calendar, one instant and two spans of zero or more.
func checkLaws(t rapid.TB, c *Calendar, at time.Time, a, b time.Duration) {
	t.Helper()
	due := c.Add(at, a)
	if got, want := c.Add(due, b), c.Add(at, a+b); !got.Equal(want) {
		t.Errorf("Add(Add(t, a), b) = %s, Add(t, a+b) = %s", got, want)
	}
	if got := c.Between(at, due); got != a {
		t.Errorf("Between(t, Add(t, a)) = %s, want %s", got, a)
	}
	if due.Before(at) || c.Add(at, a+b).Before(due) || c.Add(at.Add(b), a).Before(due) {
		t.Errorf("Add is not monotonic at %s", due)
	}
	if a > 0 && !c.Open(due.Add(-1)) {
		t.Errorf("Add ends in closed time, at %s", due)
	}
	middle, end := at.Add(a), at.Add(a+b)
	if got, want := c.Between(at, middle)+c.Between(middle, end), c.Between(at, end); got != want {
		t.Errorf("Between in two parts = %s, in one = %s", got, want)
	}
	if got := c.Between(end, at); end.After(at) && got != 0 {
		t.Errorf("Between backwards = %s", got)
	}
	next := c.NextOpen(at)
	if next.Before(at) || !c.Open(next) || c.Between(at, next) != 0 {
		t.Errorf("NextOpen(%s) = %s", at, next)
	}
}

// opens asks the specification itself what the wall clock reads, and knows nothing of the compiled calendar.
func opens(s Spec, zone *time.Location, at time.Time) bool {
	wall := at.In(zone)
	minute, today := wall.Hour()*60+wall.Minute(), wall.Weekday()
	for _, h := range s.Holidays {
		if h.Date == wall.Format(time.DateOnly) && (h.Part == nil || h.Part.From <= minute && minute < h.Part.To) {
			return false
		}
	}
	return slices.ContainsFunc(s.Week[today], func(i Interval) bool {
		return i.From <= minute && (minute < i.To || i.To < i.From)
	}) || slices.ContainsFunc(s.Week[(today+6)%7], func(i Interval) bool {
		return i.To < i.From && minute < i.To
	})
}

func TestAgreesWithMinuteWalker(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		spec, c, start := drawCase(r)
		start = start.Truncate(time.Minute)
		pauses := drawPauses(r, start)
		target := drawSpan(r, "target").Truncate(time.Minute) / 10
		var open, run time.Duration
		var due, ran time.Time
		for at := start; at.Before(start.Add(5 * 24 * time.Hour)); at = at.Add(time.Minute) {
			isOpen := opens(spec, c.zone, at)
			if got := c.Open(at); at.Minute()%15 == 0 && got != isOpen {
				r.Fatalf("Open(%s) = %t", at, got)
			}
			if run == target && due.IsZero() {
				due = at
				if target > 0 {
					due = ran
				}
			}
			if !isOpen {
				continue
			}
			open += time.Minute
			if !slices.ContainsFunc(pauses, func(p Pause) bool { return !at.Before(p.From) && at.Before(p.To) }) {
				run, ran = run+time.Minute, at.Add(time.Minute)
			}
		}
		end := start.Add(5 * 24 * time.Hour)
		if got := c.Between(start, end); got != open {
			r.Errorf("Between = %s, walked %s", got, open)
		}
		if got := Elapsed(c, start, end, pauses); got != run {
			r.Errorf("Elapsed = %s, walked %s", got, run)
		}
		if got := Plan(c, start, target, pauses).Due; !due.IsZero() && !got.Equal(due) {
			r.Errorf("Due = %s, walked to %s", got, due)
		}
	})
}

// drawPauses draws whole minutes near start, in any order, overlapping or empty.
func drawPauses(r *rapid.T, start time.Time) []Pause {
	minutes := rapid.IntRange(-500, 5000)
	pauses := make([]Pause, rapid.IntRange(0, 5).Draw(r, "pauses"))
	for n := range pauses {
		from := start.Add(time.Duration(minutes.Draw(r, "pause")) * time.Minute)
		pauses[n] = Pause{From: from, To: from.Add(time.Duration(minutes.Draw(r, "pause for")) * time.Minute)}
	}
	return pauses
}

func TestLawsOfPauses(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(r *rapid.T) {
		_, c, opened := drawCase(r)
		target := drawSpan(r, "target")
		pauses := drawPauses(r, opened)
		plain, paused := Plan(c, opened, target, nil), Plan(c, opened, target, pauses)
		if plain.Due != c.Add(opened, target) {
			r.Errorf("without pauses due %s", plain.Due)
		}
		if paused.Due.Before(plain.Due) || paused.WarnAt.After(paused.Due) || paused.WarnAt.Before(plain.WarnAt) {
			r.Errorf("pauses bring forward: %v, without %v", paused, plain)
		}
		if got := Elapsed(c, opened, paused.Due, pauses); got != target {
			r.Errorf("Elapsed at the deadline = %s, want %s", got, target)
		}
		if got := Elapsed(c, opened, paused.WarnAt, pauses); got != target-Lead(target) {
			r.Errorf("Elapsed at the warning = %s, want %s", got, target-Lead(target))
		}
		mixed := slices.Clone(pauses)
		rand.Shuffle(len(mixed), func(a, b int) { mixed[a], mixed[b] = mixed[b], mixed[a] })
		mixed = append(mixed, Pause{From: paused.Due, To: paused.Due.Add(time.Hour)})
		if got := Plan(c, opened, target, mixed); got != paused {
			r.Errorf("another order and a pause after the deadline: %v, want %v", got, paused)
		}
		from := opened.Add(drawSpan(r, "pause"))
		if from.Before(plain.Due) {
			pause := Pause{From: from, To: from.Add(drawSpan(r, "for"))}
			want := c.Add(opened, target+c.Between(pause.From, pause.To))
			if got := Plan(c, opened, target, []Pause{pause}).Due; !got.Equal(want) {
				r.Errorf("one pause shifts to %s, want %s", got, want)
			}
		}
	})
}
