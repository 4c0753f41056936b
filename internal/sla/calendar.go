// Package sla is the arithmetic of service levels: business calendars, open time and deadlines. It is pure, so the same
// input gives the same instant whenever it is asked; it neither keeps a clock running nor knows what a request is.
//
// A calendar is open at an instant when the local clock on the wall then reads an open time. Hence 00:00-08:00 lasts
// seven hours in a spring-forward night and nine in a fall-back night, an hour that the wall skips is never open, and
// one that it shows twice counts twice.
package sla

import (
	"cmp"
	"fmt"
	"slices"
	"time"
	_ "time/tzdata" // the zones, for machines that have none
)

// Calendar is a compiled [Spec]. It never changes, so it may be shared.
type Calendar struct {
	zone  *time.Location
	week  [7][]Interval        // what is open between two midnights: in order, apart, none across midnight
	dates map[int64][]Interval // the same for dates with a holiday, by days since 1970-01-01
}

// Always is open around the clock.
func Always() *Calendar {
	c := &Calendar{zone: time.UTC}
	for day := range c.week {
		c.week[day] = []Interval{{From: 0, To: minutesOfDay}}
	}
	return c
}

// New compiles a calendar, or says with [ErrSpec] which part of it is wrong. Before a calendar is saved it must also
// pass [Calendar.CheckOpens]; a saved one always compiles, however old it is.
func New(s Spec) (*Calendar, error) {
	zone, err := s.location()
	if err != nil {
		return nil, err
	}
	week, err := s.days()
	if err != nil {
		return nil, err
	}
	c := &Calendar{zone: zone, week: week, dates: make(map[int64][]Interval, len(s.Holidays))}
	for n, h := range s.Holidays {
		day, closed, err := h.closure()
		if err != nil {
			return nil, fmt.Errorf("%w: holiday %d: %w", ErrSpec, n+1, err)
		}
		c.dates[day] = without(c.on(day), closed)
	}
	return c, nil
}

// longestClosure is how far ahead a calendar must open to be accepted.
const longestClosure = 400 * 24 * time.Hour

// CheckOpens refuses with [ErrSpec] a calendar that is not open at any time in the 400 days after from.
func (c *Calendar) CheckOpens(from time.Time) error {
	if c.NextOpen(from).Sub(from) >= longestClosure {
		return fmt.Errorf("%w: holidays: nothing is open within 400 days", ErrSpec)
	}
	return nil
}

// Open reports whether the calendar is open at t.
func (c *Calendar) Open(t time.Time) bool { return c.NextOpen(t).Equal(t) }

// NextOpen is the first instant from t on, t included, at which the calendar is open.
func (c *Calendar) NextOpen(t time.Time) time.Time {
	for s := range c.stretches(t) {
		return s.from
	}
	return t // not reached: holidays come to an end
}

// Add is the first instant at which d of open time has passed since t: t itself where d is zero or less, and a closing
// time where d ends with the day. However long the calendar stays closed, it only postpones.
func (c *Calendar) Add(t time.Time, d time.Duration) time.Time {
	if d <= 0 {
		return t
	}
	for s := range c.stretches(t) {
		open := s.to.Sub(s.from)
		if d <= open {
			return s.from.Add(d)
		}
		d -= open
	}
	return t // not reached: the week opens again and again
}

// Between is the open time from a to b, zero where b is not after a. It holds up to 292 years.
func (c *Calendar) Between(a, b time.Time) time.Duration {
	var open time.Duration
	for s := range c.stretches(a) {
		if !s.from.Before(b) {
			break
		}
		open += min(s.to.Sub(s.from), b.Sub(s.from))
	}
	return open
}

// on is what is open on a date given in days since 1970-01-01, a Thursday.
func (c *Calendar) on(day int64) []Interval {
	if open, special := c.dates[day]; special {
		return open
	}
	return c.week[(day%7+7+int64(time.Thursday))%7]
}

// union puts intervals within one day in order and joins those that touch or overlap.
func union(intervals []Interval) []Interval {
	slices.SortFunc(intervals, func(a, b Interval) int { return cmp.Compare(a.From, b.From) })
	var joined []Interval
	for _, i := range intervals {
		last := len(joined) - 1
		switch {
		case i.From == i.To: // an interval that ended at midnight left nothing for the next day
		case last >= 0 && i.From <= joined[last].To:
			joined[last].To = max(joined[last].To, i.To)
		default:
			joined = append(joined, i)
		}
	}
	return joined
}

// without takes a closed interval out of open ones.
func without(open []Interval, closed Interval) []Interval {
	var left []Interval
	for _, i := range open {
		before := Interval{From: i.From, To: min(i.To, closed.From)}
		after := Interval{From: max(i.From, closed.To), To: i.To}
		if before.From < before.To {
			left = append(left, before)
		}
		if after.From < after.To {
			left = append(left, after)
		}
	}
	return left
}
