package sla

import (
	"slices"
	"time"
)

// Pause is a stretch in which a clock does not run, To not included. A zero To means that it has not ended yet.
type Pause struct {
	From time.Time `json:"from"`
	To   time.Time `json:"to,omitzero"`
}

// Deadline is when a clock is due and when its warning is. Either is zero while a pause that has not ended holds it off.
type Deadline struct{ Due, WarnAt time.Time }

// longestLead is how long before a deadline the warning goes out at most; see [Lead].
const longestLead = 30 * time.Minute

// Lead is how long before its deadline a target is warned of, in the clock's own time: the smaller of 30 minutes and a
// quarter of the target, in whole seconds.
func Lead(target time.Duration) time.Duration {
	return min(longestLead, target/4).Truncate(time.Second)
}

// Plan is the deadline of a clock that began at opened, with a target in the calendar's own time. Pauses may come in any
// order and overlap; one that begins when the clock is due, or later, changes nothing.
func Plan(c *Calendar, opened time.Time, target time.Duration, pauses []Pause) Deadline {
	off := inOrder(pauses)
	return Deadline{
		Due:    c.reach(opened, target, off),
		WarnAt: c.reach(opened, target-Lead(target), off),
	}
}

// Elapsed is how long a clock that began at opened has run until at, in the calendar's own time without its pauses.
// What is left of a target is the target less this.
func Elapsed(c *Calendar, opened, at time.Time, pauses []Pause) time.Duration {
	var run time.Duration
	for _, p := range inOrder(pauses) {
		if !p.From.Before(at) {
			break
		}
		run += c.Between(opened, p.From)
		if p.To.IsZero() {
			return run
		}
		opened = later(opened, p.To)
	}
	return run + c.Between(opened, at)
}

// reach is Add for a clock with pauses in order.
func (c *Calendar) reach(t time.Time, d time.Duration, pauses []Pause) time.Time {
	for _, p := range pauses {
		run := c.Between(t, p.From)
		if d <= run {
			break
		}
		if p.To.IsZero() {
			return time.Time{}
		}
		d -= run
		t = later(t, p.To)
	}
	return c.Add(t, d)
}

// inOrder sorts a copy of pauses by their beginning, without those that end before they begin. Overlaps need no merging,
// because a clock goes on from the latest end.
func inOrder(pauses []Pause) []Pause {
	ordered := slices.SortedFunc(slices.Values(pauses), func(a, b Pause) int { return a.From.Compare(b.From) })
	return slices.DeleteFunc(ordered, func(p Pause) bool { return !p.To.IsZero() && p.To.Before(p.From) })
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
