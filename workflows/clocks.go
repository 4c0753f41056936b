package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// Level is how far a clock has gone.
type Level int

// The levels of a clock.
const (
	Running Level = iota
	Warned
	Breached
)

// Clocks holds how far each clock has gone.
type Clocks struct {
	FirstResponse Level `json:"first_response"`
	Resolution    Level `json:"resolution"`
}

// instant is a moment at which a clock reaches a level.
type instant struct {
	at    time.Time
	clock helpdesk.Clock
	level Level
}

// next is the earliest instant still to come; false where there is none.
func (r *request) next() (instant, bool) {
	if r.ClocksOff != "" || !r.Status.Open() {
		return instant{}, false
	}
	var earliest instant
	for _, i := range []instant{
		upcoming(helpdesk.FirstResponse, r.Clocks.FirstResponse, r.Deadlines.FirstResponse),
		upcoming(helpdesk.Resolution, r.Clocks.Resolution, r.Deadlines.Resolution),
	} {
		if !i.at.IsZero() && (earliest.at.IsZero() || i.at.Before(earliest.at)) {
			earliest = i
		}
	}
	return earliest, !earliest.at.IsZero()
}

// upcoming is the next instant of one clock; its time is zero where the clock has breached.
func upcoming(clock helpdesk.Clock, reached Level, d helpdesk.Deadline) instant {
	switch reached {
	case Running:
		return instant{at: d.WarnAt, clock: clock, level: Warned}
	case Warned:
		return instant{at: d.Due, clock: clock, level: Breached}
	}
	return instant{}
}

// keepClocks runs until the request has ended. One timer stands at the next instant; it is armed anew only where
// the next instant is earlier, and one that fires early just arms the next.
func (r *request) keepClocks(ctx workflow.Context) error {
	for !r.Status.Ended() {
		i, ok := r.next()
		if !ok {
			if err := workflow.Await(ctx, func() bool {
				_, again := r.next()
				return again || r.Status.Ended()
			}); err != nil {
				return err
			}
			continue
		}
		if err := r.waitUntil(ctx, i); err != nil {
			return err
		}
		if err := r.reach(ctx, workflow.Now(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// waitUntil returns at the instant, or as soon as an earlier one or none is next.
func (r *request) waitUntil(ctx workflow.Context, i instant) error {
	timerCtx, cancel := workflow.WithCancel(ctx)
	defer cancel() // or the timer stays on the server until it fires
	timer := workflow.NewTimerWithOptions(timerCtx, i.at.Sub(workflow.Now(ctx)), workflow.TimerOptions{
		Summary: string(i.clock) + " " + levelName[i.level],
	})
	return workflow.Await(ctx, func() bool {
		now, ok := r.next()
		return timer.IsReady() || !ok || now.at.Before(i.at)
	})
}

var levelName = map[Level]string{Running: "running", Warned: "warning", Breached: "breach"}

// reach moves every clock to the highest level it has passed by now.
func (r *request) reach(ctx workflow.Context, now time.Time) error {
	before := r.Clocks
	for i, ok := r.next(); ok && !i.at.After(now); i, ok = r.next() {
		switch i.clock {
		case helpdesk.FirstResponse:
			r.Clocks.FirstResponse = i.level
		case helpdesk.Resolution:
			r.Clocks.Resolution = i.level
		}
	}
	if r.Clocks == before {
		return nil
	}
	r.show(ctx)
	wasBreached := before.FirstResponse == Breached || before.Resolution == Breached
	if wasBreached || (r.Clocks.FirstResponse != Breached && r.Clocks.Resolution != Breached) {
		return nil
	}
	return workflow.UpsertTypedSearchAttributes(ctx,
		temporal.NewSearchAttributeKeyBool(names.AttributeBreached).ValueSet(true))
}
