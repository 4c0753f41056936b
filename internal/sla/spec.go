package sla

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"time"
)

// ErrSpec means that a business calendar cannot be used. The message says which part of it is wrong.
var ErrSpec = errors.New("invalid business calendar")

// Spec describes a business calendar as people write it. As JSON it is stored with the settings.
type Spec struct {
	// Zone is an IANA name; "" means UTC.
	Zone string `json:"zone,omitempty"`
	// Week holds the open intervals of each weekday, in any order; they may touch and overlap.
	Week map[time.Weekday][]Interval `json:"week,omitempty"`
	// Holidays close what the week opens. A date may have several parts.
	Holidays []Holiday `json:"holidays,omitempty"`
}

// Interval is a span of local wall-clock time, From included and To not, in minutes after midnight. In the week, one
// that ends at or before its start runs across midnight. As text it reads "22:00-06:00"; the end of a day is "24:00".
type Interval struct{ From, To int }

// Holiday closes a local date ("2026-12-24") from midnight to midnight, or only a part of it. Of a shift across midnight
// it closes the hours on that date and no others.
type Holiday struct {
	Date string    `json:"date"`
	Part *Interval `json:"part,omitempty"`
}

const minutesOfDay = 24 * 60

// String is the text form: "09:00-17:30".
func (i Interval) String() string {
	return fmt.Sprintf("%02d:%02d-%02d:%02d", i.From/60, i.From%60, i.To/60, i.To%60)
}

// MarshalText is [Interval.String]; it never fails.
func (i Interval) MarshalText() ([]byte, error) { return []byte(i.String()), nil }

// UnmarshalText reads exactly what MarshalText writes.
func (i *Interval) UnmarshalText(text []byte) error {
	var fromHour, fromMinute, toHour, toMinute int
	_, err := fmt.Sscanf(string(text), "%d:%d-%d:%d", &fromHour, &fromMinute, &toHour, &toMinute)
	read := Interval{From: fromHour*60 + fromMinute, To: toHour*60 + toMinute}
	if err != nil || read.String() != string(text) {
		return fmt.Errorf("%w: interval %q does not read like 09:00-17:30", ErrSpec, text)
	}
	*i = read
	return nil
}

// valid reports whether i lies within a day, or with overnight also across its end.
func (i Interval) valid(overnight bool) bool {
	within := 0 <= i.From && i.From < minutesOfDay && 0 <= i.To && i.To <= minutesOfDay
	return within && (i.From < i.To || overnight && i.To < i.From)
}

// location is the zone of the calendar.
func (s Spec) location() (*time.Location, error) {
	zone, err := time.LoadLocation(s.Zone)
	if err != nil || s.Zone == "Local" { // "Local" is the machine's, not the team's
		return nil, fmt.Errorf("%w: zone %q is not known", ErrSpec, s.Zone)
	}
	return zone, nil
}

// days are the open intervals of each weekday, cut at midnight.
func (s Spec) days() (week [7][]Interval, err error) {
	for _, day := range slices.Sorted(maps.Keys(s.Week)) {
		if day < time.Sunday || day > time.Saturday {
			return week, fmt.Errorf("%w: weekday %d does not exist", ErrSpec, day)
		}
		for n, i := range s.Week[day] {
			if !i.valid(true) {
				return week, fmt.Errorf("%w: %s: interval %d (%s) is empty or leaves the day", ErrSpec, day, n+1, i)
			}
			if i.From < i.To {
				week[day] = append(week[day], i)
				continue
			}
			next := (day + 1) % 7
			week[day] = append(week[day], Interval{From: i.From, To: minutesOfDay})
			week[next] = append(week[next], Interval{From: 0, To: i.To})
		}
	}
	if !slices.ContainsFunc(week[:], func(day []Interval) bool { return len(day) > 0 }) {
		return week, fmt.Errorf("%w: week: no day has an open interval", ErrSpec)
	}
	for day := range week {
		week[day] = union(week[day])
	}
	return week, nil
}

// closure is the date of a holiday in days since 1970-01-01 and what is closed on it.
func (h Holiday) closure() (day int64, closed Interval, err error) {
	date, err := time.Parse(time.DateOnly, h.Date)
	if err != nil {
		return 0, closed, fmt.Errorf("%q is not a date like 2026-12-24", h.Date)
	}
	closed = Interval{From: 0, To: minutesOfDay}
	if h.Part != nil {
		closed = *h.Part
	}
	if !closed.valid(false) {
		return 0, closed, fmt.Errorf("%s: part %s is empty or leaves the day", h.Date, closed)
	}
	return floorDiv(date.Unix(), secondsOfDay), closed, nil
}
