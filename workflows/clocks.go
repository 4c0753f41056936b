package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// Level is how far a clock has gone. It never goes back: a level is announced once.
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

// of is the level of one clock.
func (c *Clocks) of(clock helpdesk.Clock) *Level {
	if clock == helpdesk.FirstResponse {
		return &c.FirstResponse
	}
	return &c.Resolution
}

// instant is a moment at which something happens by itself.
type instant struct {
	at   time.Time
	what string
	pass func(*request, workflow.Context, instant) error
	// of a clock:
	clock helpdesk.Clock
	level Level
}

// next is the earliest instant still to come; false where there is none.
func (r *request) next() (earliest instant, ok bool) {
	for _, i := range []instant{
		r.upcoming(helpdesk.FirstResponse, r.Deadlines.FirstResponse),
		r.upcoming(helpdesk.Resolution, r.Deadlines.Resolution),
		r.closing(),
		r.scrubbing(),
	} {
		if !i.at.IsZero() && (!ok || i.at.Before(earliest.at)) {
			earliest, ok = i, true
		}
	}
	return earliest, ok
}

// upcoming is the next instant of one clock; its time is zero where there is none.
func (r *request) upcoming(clock helpdesk.Clock, d helpdesk.Deadline) instant {
	if !r.Runs(clock) {
		return instant{}
	}
	i := instant{clock: clock, pass: (*request).reach}
	switch *r.Clocks.of(clock) {
	case Running:
		i.at, i.level = d.WarnAt, Warned
	case Warned:
		i.at, i.level = d.Due, Breached
	}
	i.what = string(clock) + " " + levelName[i.level]
	return i
}

// closing is when a resolved request closes if nobody replies.
func (r *request) closing() instant {
	if r.Status != helpdesk.Resolved {
		return instant{}
	}
	return instant{at: r.ResolvedAt.Add(helpdesk.ReopenFor), what: "close", pass: (*request).close}
}

// scrubbing is when the text dies; other than clocks it goes on whatever becomes of the request.
func (r *request) scrubbing() instant {
	return instant{at: r.ScrubAt, what: "scrub", pass: (*request).scrub}
}

// over reports whether nothing of a request can change any more: it has ended, and its text is gone.
func (r *request) over() bool { return r.Status.Ended() && r.ScrubAt.IsZero() }

var levelName = map[Level]string{Running: "running", Warned: "warning", Breached: "breach"}

// keepClocks runs until the request is over. One timer stands at the next instant; it is armed anew only where
// the next instant is earlier, and one that fires early just arms the next.
func (r *request) keepClocks(ctx workflow.Context) error {
	for !r.over() {
		i, ok := r.next()
		if !ok {
			if err := workflow.Await(ctx, func() bool {
				_, again := r.next()
				return again || r.over()
			}); err != nil {
				return err
			}
			continue
		}
		if err := r.waitUntil(ctx, i); err != nil {
			return err
		}
		if err := r.passAll(ctx, workflow.Now(ctx)); err != nil {
			return err
		}
	}
	return nil
}

// waitUntil returns when the timer fires, which stands at the given instant, or as soon as an earlier one is next or the
// request is over. A later one leaves the timer where it is: an early wake costs as much as arming anew.
func (r *request) waitUntil(ctx workflow.Context, i instant) error {
	timerCtx, cancel := workflow.WithCancel(ctx)
	defer cancel() // or the timer stays on the server until it fires
	timer := workflow.NewTimerWithOptions(timerCtx, i.at.Sub(workflow.Now(ctx)), workflow.TimerOptions{Summary: i.what})
	return workflow.Await(ctx, func() bool {
		now, ok := r.next()
		return timer.IsReady() || r.over() || ok && now.at.Before(i.at)
	})
}

// passAll passes every instant that has come.
func (r *request) passAll(ctx workflow.Context, now time.Time) error {
	for i, ok := r.next(); ok && !i.at.After(now); i, ok = r.next() {
		if err := i.pass(r, ctx, i); err != nil {
			return err
		}
	}
	return nil
}

// reach moves a clock to a level and has it announced.
func (r *request) reach(ctx workflow.Context, i instant) error {
	first := r.Clocks.FirstResponse != Breached && r.Clocks.Resolution != Breached
	*r.Clocks.of(i.clock) = i.level
	r.announce(i)
	r.show(ctx)
	if i.level != Breached || !first {
		return nil
	}
	return workflow.UpsertTypedSearchAttributes(ctx,
		temporal.NewSearchAttributeKeyBool(names.AttributeBreached).ValueSet(true))
}

// close ends a request that stayed resolved.
func (r *request) close(ctx workflow.Context, _ instant) error {
	next, err := r.Status.Next(helpdesk.Close)
	if err != nil {
		return nil //nolint:nilerr // it was reopened in the meantime
	}
	r.Status = next
	r.changed(ctx)
	return nil
}

// scrub destroys the original text at its retention deadline; what was made of it stays, and so do clocks.
func (r *request) scrub(ctx workflow.Context, _ instant) error {
	in := activities.ScrubInput{RequestInput: r.RequestInput, At: workflow.Now(ctx)}
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, storeOptions("scrub")), steps.Scrub, in).Get(ctx, nil)
	if err != nil { // the sweeper does it
		workflow.GetLogger(ctx).Error("text not scrubbed", "request_id", r.Request.String(), "err", err)
	}
	r.ScrubAt = time.Time{}
	return ctx.Err()
}
