package workflows

import (
	"slices"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Notice is one level of one clock that is to be announced.
type Notice struct {
	Clock helpdesk.Clock      `json:"clock"`
	Kind  helpdesk.NoticeKind `json:"kind"`
	Due   time.Time           `json:"due"` // when it was due
	// Skipped is when the warning was due that this breach stands for as well, because it could not be sent in time.
	Skipped time.Time `json:"skipped,omitzero"`
	// Correction takes back a breach that was announced: a message that came late proves that the clock was met.
	Correction bool `json:"correction,omitempty"`
}

// delivery is a notice on its way.
type delivery struct {
	Notice
	cancel workflow.CancelFunc
}

// announce puts a level in line. A breach takes the place of its own clock's warning that is not sent yet: after an outage
// only the highest level passed is sent.
func (r *request) announce(i instant) {
	n := Notice{Clock: i.clock, Kind: helpdesk.Warning, Due: i.at}
	if i.level == Breached {
		n.Kind = helpdesk.Breach
		r.Notices = slices.DeleteFunc(r.Notices, func(w Notice) bool {
			mine := w.Clock == n.Clock && w.Kind == helpdesk.Warning
			if mine {
				n.Skipped = w.Due
			}
			return mine
		})
		if s := r.sending; s != nil && s.Clock == n.Clock && s.Kind == helpdesk.Warning {
			s.cancel()
		}
	}
	r.Notices = append(r.Notices, n)
}

// keepNotices is the one coroutine that sends notices. It is not the receipt's: a receipt that Slack holds up must not make
// a warning late.
func (r *request) keepNotices(ctx workflow.Context) {
	for {
		if err := workflow.Await(ctx, func() bool { return len(r.Notices) > 0 }); err != nil {
			return
		}
		sendCtx, cancel := workflow.WithCancel(ctx)
		r.sending = &delivery{Notice: r.Notices[0], cancel: cancel}
		r.Notices = r.Notices[1:]
		r.sendNotice(sendCtx, r.sending.Notice)
		cancel()
		r.sending = nil
	}
}

func (r *request) sendNotice(ctx workflow.Context, n Notice) {
	in := activities.NoticeInput{
		RequestInput: r.RequestInput, Clock: n.Clock, Kind: n.Kind, At: n.Due, Due: r.Due(n.Clock), Skipped: n.Skipped,
	}
	step := steps.SendNotice
	switch {
	case n.Correction:
		step = steps.CorrectNotice
	case !r.Runs(n.Clock):
		return // met in the meantime
	}
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, noticeOptions(n)), step, in).Get(ctx, nil)
	if err == nil {
		return
	}
	for i := range r.Notices { // the breach that overtook it
		if n.Kind == helpdesk.Warning && r.Notices[i].Clock == n.Clock {
			r.Notices[i].Skipped = n.Due
			return
		}
	}
	workflow.GetLogger(ctx).Warn("notice not sent", "request_id", r.Request.String(), "clock", string(n.Clock),
		"kind", string(n.Kind), "err", err)
}
