package sla

import (
	"iter"
	"time"
)

// stretch is open time without a gap, to not included. Two may touch, at midnight or where the zone's offset changes.
type stretch struct{ from, to time.Time }

const secondsOfDay = 24 * 60 * 60

// stretches are the open ones from t on, in order, the first one cut at t. They do not end: the caller breaks off.
//
// The zone is asked once for each period of constant offset. Inside a period the wall clock is Unix time plus that
// offset, so a day costs two additions, and the change of an offset needs no rule of its own.
func (c *Calendar) stretches(t time.Time) iter.Seq[stretch] {
	return func(yield func(stretch) bool) {
		for now := t; ; {
			start, offset, end, last := c.period(now)
			for day := floorDiv(start+offset, secondsOfDay); last || day*secondsOfDay-offset < end; day++ {
				midnight := day*secondsOfDay - offset
				for _, i := range c.on(day) {
					from, to := midnight+int64(i.From)*60, midnight+int64(i.To)*60
					if !last {
						to = min(to, end)
					}
					s := stretch{time.Unix(from, 0), time.Unix(to, 0)}
					if from <= start {
						s.from = now
					}
					if s.from.Before(s.to) && !yield(stretch{s.from.In(t.Location()), s.to.In(t.Location())}) {
						return
					}
				}
			}
			now = time.Unix(end, 0)
		}
	}
}

// period is a stretch of constant offset from t on, in Unix seconds; the last one of a zone has no end. It may end early.
func (c *Calendar) period(t time.Time) (start, offset, end int64, last bool) {
	local := t.In(c.zone)
	_, seconds := local.Zone()
	_, until := local.ZoneBounds()
	if last = until.IsZero(); !last && !until.After(t) {
		// From 2038 on, where a rule stands in for the table, package time ends leap years a day early: on their last
		// day in UTC, ZoneBounds answers with an end in the past. No zone changes its offset within that day.
		until = t.Add(time.Hour)
	}
	return t.Unix(), int64(seconds), until.Unix(), last
}

// floorDiv rounds towards the past, as days do before 1970.
func floorDiv(a, b int64) int64 {
	q := a / b
	if a%b < 0 {
		q--
	}
	return q
}
