package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// hearSignals takes what happens outside, one after the other. Nothing of it can be refused.
func (r *request) hearSignals(ctx workflow.Context) {
	s := workflow.NewSelector(ctx)
	on(ctx, s, r, names.SignalReply, r.heard)
	on(ctx, s, r, names.SignalEdited, r.edited)
	on(ctx, s, r, names.SignalDeleted, func(ctx workflow.Context, _ struct{}) {
		r.withdraw(ctx, helpdesk.Withdraw, helpdesk.StopDeleted)
	})
	on(ctx, s, r, names.SignalScrubAt, func(_ workflow.Context, scrub names.ScrubAt) {
		if !r.ScrubAt.IsZero() && scrub.At.Before(r.ScrubAt) {
			r.ScrubAt = scrub.At // an earlier instant: the timer is armed anew
		}
	})
	on(ctx, s, r, names.SignalErased, func(ctx workflow.Context, _ struct{}) {
		if r.Status.Open() { // one that was answered keeps its figures
			r.withdraw(ctx, helpdesk.Withdraw, helpdesk.StopErased)
		}
		r.ScrubAt = time.Time{} // there is no text to wait for
	})
	on(ctx, s, r, names.SignalUnassign, func(ctx workflow.Context, u names.Unassign) {
		if r.Assignee != "" && r.TakenIn <= u.Version && !r.Status.Ended() {
			r.assign("", false)
			r.changed(ctx)
		}
	})
	on(ctx, s, r, names.SignalIncident, r.marked)
	on(ctx, s, r, names.SignalJoined, r.joinedBy)
	on(ctx, s, r, names.SignalSeparated, r.separatedFrom)
	on(ctx, s, r, names.SignalOriginal, r.originalChanged)
	on(ctx, s, r, names.SignalStopClocks, func(ctx workflow.Context, stop names.StopClocks) {
		r.Mute = r.Mute || stop.Reason == helpdesk.StopChannelLeft // nowhere to write
		r.stopClocks(ctx, stop.Reason)
	})
	for ctx.Err() == nil {
		s.Select(ctx)
	}
}

// on calls f for each signal of a name, in turn with every other change.
func on[T any](ctx workflow.Context, s workflow.Selector, r *request, signal string, f func(workflow.Context, T)) {
	s.AddReceive(workflow.GetSignalChannel(ctx, signal), func(c workflow.ReceiveChannel, _ bool) {
		var arg T
		c.Receive(ctx, &arg)
		if r.turn.Lock(ctx) != nil {
			return
		}
		defer r.turn.Unlock()
		f(ctx, arg)
	})
}

// heard takes a thread message that changes the state; another one changes nothing.
func (r *request) heard(ctx workflow.Context, reply helpdesk.Reply) {
	if reply.Requester {
		r.requesterReplied(ctx, reply)
	} else {
		r.agentReplied(ctx, reply)
	}
}

// agentReplied meets first response, by the message's own time. The first agent who replies becomes the assignee.
func (r *request) agentReplied(ctx workflow.Context, reply helpdesk.Reply) {
	earlier := r.RespondedAt.IsZero() || reply.At.Before(r.RespondedAt)
	late := r.NoResponse && !reply.At.Before(r.ResolvedAt) // it was resolved without one
	next, err := r.Status.Next(helpdesk.AgentReply)
	if err != nil || !earlier || late {
		return
	}
	r.RespondedAt, r.NoResponse, r.Status = reply.At, false, next
	if r.Assignee == "" || r.ByReply {
		r.assign(reply.User, true)
	}
	if r.Clocks.FirstResponse == Breached && !reply.At.After(r.Deadlines.FirstResponse.Due) {
		r.Notices = append(r.Notices, Notice{Clock: helpdesk.FirstResponse, Kind: helpdesk.Breach, Correction: true})
	}
	r.changed(ctx)
}

// requesterReplied resumes what waits on the requester and reopens what is resolved: the resolution clock goes on from
// what was left.
func (r *request) requesterReplied(ctx workflow.Context, reply helpdesk.Reply) {
	paused := r.PausedAt()
	if paused.IsZero() || !reply.At.After(paused) || r.Status == helpdesk.Resolved && reply.Thanks {
		return
	}
	next, err := r.Status.Next(helpdesk.RequesterReply)
	if err != nil {
		return
	}
	resumed, err := r.plan(ctx, r.Resumed(reply.At))
	if err != nil {
		workflow.GetLogger(ctx).Error("deadlines could not be planned", "request_id", r.Request.String(), "err", err)
		return
	}
	reopens := r.Status == helpdesk.Resolved
	r.Progress = resumed
	r.Status, r.ResolvedAt = next, time.Time{}
	if reopens {
		r.reopened(ctx)
		return
	}
	r.changed(ctx)
}

// edited reads the request once more, unless somebody has decided, or replied before the edit.
func (r *request) edited(ctx workflow.Context, e names.Edited) {
	if r.Retriaged || r.TriagedBy == helpdesk.ByHuman || !r.unansweredAt(e.At) || !r.Status.Open() {
		return
	}
	r.Retriaged = true
	workflow.Go(ctx, func(ctx workflow.Context) { r.triageEdited(ctx, e.At) })
}
