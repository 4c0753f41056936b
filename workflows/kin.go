package workflows

import (
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// A duplicate follows the clock of its original. The duplicate decides, and the original is told, so that one of the two is
// always right; each waits, in turn with its every other change, until the server has what it tells. D is a duplicate, O its
// original:
//
//	D on its own      ── press duplicate: O open, earlier, on its own ──► D follows, clocks off        joined → O
//	D follows         ── press not_duplicate, within 24 h             ──► D on its own, open           separated → O
//	D follows, open   ── O resolved                                   ──► D resolved, requester told
//	D follows, done   ── O reopened                                   ──► D open, still follows
//	D follows, done   ── D's requester replies                        ──► D on its own, reopened       separated → O
//	D follows, open   ── O withdrawn, its channel left, or joined     ──► D on its own
//	D withdrawn, or its channel left                                  ──► D on its own                 separated → O
//	O hears joined    ── open: it knows D · resolved: knows D, answers so · else: answers that it is let go
//
// On its own again, a duplicate has its clocks as if it had never followed: deadlines by its own message, and a breach that has
// passed meanwhile is announced once, late. What O says carries O's version, so an older word that comes late changes nothing,
// and whatever comes from a request that D does not follow any more changes nothing either: undo and resolution may cross. A
// request that has duplicates becomes none, and the original of a duplicate is older than it: no chains, no loops.

// allowsKin is the rules about duplicates, for a press that is allowed otherwise.
func (r *request) allowsKin(p names.Press) error {
	reason := helpdesk.Reason("")
	switch {
	case p.Action == helpdesk.Separate && !r.Kin.Duplicate():
		reason = helpdesk.ReasonNoDuplicate
	case p.Action == helpdesk.Separate && p.At.Sub(r.Kin.JoinedAt) > helpdesk.SeparateFor:
		reason = helpdesk.ReasonJoined
	case r.Kin.Duplicate() && p.Action != helpdesk.Separate && p.Action != helpdesk.NotRequest:
		reason = helpdesk.ReasonDuplicate
	case p.Action == helpdesk.Join && len(r.Kin.Duplicates) > 0:
		reason = helpdesk.ReasonOriginal
	case p.Action == helpdesk.Join && new(helpdesk.RequestID).UnmarshalText([]byte(p.Value)) != nil:
		reason = helpdesk.ReasonUnknown
	}
	if reason != "" {
		return &helpdesk.Refusal{Reason: reason}
	}
	return nil
}

// pressJoin makes the request a duplicate of an earlier one, or of what that one is a duplicate of.
func (r *request) pressJoin(ctx workflow.Context, p names.Press) error {
	in := activities.OriginalInput{RequestInput: r.RequestInput}
	if err := in.Of.UnmarshalText([]byte(p.Value)); err != nil {
		return err
	}
	var o activities.OriginalResult
	if err := workflow.ExecuteLocalActivity(workflow.WithLocalActivityOptions(ctx, originalOptions()), steps.Original, in).Get(ctx, &o); err != nil {
		return err
	}
	if o.Refused == "" && len(r.tell(ctx, names.SignalJoined, names.Duplicate{Peer: r.peer()}, o.Peer)) > 0 {
		o.Refused = helpdesk.ReasonOriginalOver
	}
	if o.Refused != "" {
		return refused(&helpdesk.Refusal{Reason: o.Refused})
	}
	r.Kin.Original, r.Kin.JoinedAt, r.Kin.Heeded = o.Peer, p.At, o.Version
	r.ClocksOff = helpdesk.StopDuplicate
	r.changed(ctx)
	return nil
}

// pressSeparate takes that back, also where the original was resolved since.
func (r *request) pressSeparate(ctx workflow.Context, _ names.Press) error {
	if r.Status == helpdesk.Resolved {
		r.openAgain()
	}
	r.part(ctx)
	return nil
}

// part lets the request go on by its own clocks, and tells its original.
func (r *request) part(ctx workflow.Context) {
	tell := r.letGo()
	r.ClocksOff = ""
	r.changed(ctx)
	tell(ctx)
}

// letGo forgets the original and the duplicates; what it returns tells them, once the new state is complete.
func (r *request) letGo() (tell func(workflow.Context)) {
	original, duplicates := r.Kin.Original, r.Kin.Duplicates
	follows := r.Kin.Duplicate()
	r.Kin.Original, r.Kin.JoinedAt, r.Kin.Heeded, r.Kin.Duplicates = helpdesk.Peer{}, time.Time{}, 0, nil
	return func(ctx workflow.Context) {
		if follows {
			r.tell(ctx, names.SignalSeparated, names.Duplicate{Peer: r.peer()}, original)
		}
		r.tell(ctx, names.SignalOriginal, names.Original{ID: r.Request, Version: r.Version, Status: helpdesk.Withdrawn}, duplicates...)
	}
}

// openAgain takes back that the request was resolved with its original: as if it had not been.
func (r *request) openAgain() {
	r.Progress = r.Unpaused(r.ResolvedAt)
	r.Status, r.ResolvedAt = helpdesk.InProgress, time.Time{}
	if !r.PausedAt().IsZero() {
		r.Status = helpdesk.Waiting
	}
}

// originalChanged follows what became of the original. One that this request does not follow, and that has not let it go, is
// told so: one of the two may have been restored to before they parted.
func (r *request) originalChanged(ctx workflow.Context, o names.Original) {
	switch {
	case !heeds(ctx):
		return
	case r.Kin.Original.ID != o.ID && (o.Status.Open() || o.Status == helpdesk.Resolved):
		r.tell(ctx, names.SignalSeparated, names.Duplicate{Peer: r.peer()}, helpdesk.Peer{ID: o.ID})
		return
	case r.Kin.Original.ID != o.ID || o.Version <= r.Kin.Heeded:
		return
	}
	r.Kin.Heeded = o.Version
	switch {
	case o.Status == helpdesk.Resolved && r.Status.Open():
		r.Status, r.ResolvedAt = helpdesk.Resolved, o.At
		r.Progress = r.Paused(o.At)
		r.changed(ctx)
		r.tellRequester(ctx)
	case o.Status.Open() && r.Status == helpdesk.Resolved:
		r.openAgain()
		r.changed(ctx)
	case !o.Status.Open() && o.Status != helpdesk.Resolved && r.Status.Open():
		r.letGo() // it has let go by itself
		r.ClocksOff = ""
		r.changed(ctx)
	}
}

// joinedBy takes a duplicate, or lets it go where there is nothing to follow any more. Harmless when repeated.
func (r *request) joinedBy(ctx workflow.Context, d names.Duplicate) {
	if !heeds(ctx) {
		return
	}
	if !r.mayBeFollowed() {
		r.tell(ctx, names.SignalOriginal, names.Original{ID: r.Request, Version: r.Version, Status: helpdesk.Withdrawn}, d.Peer)
		return
	}
	if known := helpdesk.With(r.Kin.Duplicates, d.Peer); len(known) > len(r.Kin.Duplicates) {
		r.Kin.Duplicates = known
		r.changed(ctx)
	}
	if r.Status == helpdesk.Resolved {
		r.tell(ctx, names.SignalOriginal, r.now(), d.Peer)
	}
}

func (r *request) mayBeFollowed() bool {
	return !r.Kin.Duplicate() && r.ClocksOff == "" && (r.Status.Open() || r.Status == helpdesk.Resolved)
}

// separatedFrom forgets a duplicate.
func (r *request) separatedFrom(ctx workflow.Context, d names.Duplicate) {
	if left := helpdesk.Without(r.Kin.Duplicates, d.ID); heeds(ctx) && len(left) < len(r.Kin.Duplicates) {
		r.Kin.Duplicates = left
		r.changed(ctx)
	}
}

// now is what duplicates are told of the present state.
func (r *request) now() names.Original {
	return names.Original{ID: r.Request, Version: r.Version, Status: r.Status, At: r.ResolvedAt}
}

// passOn tells the duplicates what the request has become, if it has any.
func (r *request) passOn(ctx workflow.Context) {
	for _, gone := range r.tell(ctx, names.SignalOriginal, r.now(), r.Kin.Duplicates...) {
		r.Kin.Duplicates = helpdesk.Without(r.Kin.Duplicates, gone.ID)
	}
}

// resolvedWith tells duplicates and requester that the request was resolved, where it has duplicates.
func (r *request) resolvedWith(ctx workflow.Context) {
	if len(r.Kin.Duplicates) > 0 {
		r.passOn(ctx)
		r.tellRequester(ctx)
	}
}

// reopened tells the duplicates, or the original: a duplicate whose requester replies goes on by its own clock. Its first
// response was its original's to give.
func (r *request) reopened(ctx workflow.Context) {
	if r.Kin.Duplicate() {
		r.NoResponse = r.RespondedAt.IsZero()
		r.part(ctx)
		return
	}
	r.changed(ctx)
	r.passOn(ctx)
}

// tellRequester writes in the thread that one of a request and its duplicates was resolved, once the receipt shows it.
func (r *request) tellRequester(ctx workflow.Context) {
	in := activities.ResolvedInput{RequestInput: r.RequestInput, Original: r.Kin.Original, Duplicates: r.Kin.Duplicates, At: r.ResolvedAt}
	version := r.Version
	r.telling++
	workflow.Go(ctx, func(ctx workflow.Context) {
		defer func() { r.telling-- }()
		if workflow.Await(ctx, func() bool { return r.Shown >= version || r.Mute }) != nil || r.Mute || r.Status != helpdesk.Resolved {
			return
		}
		var told activities.ResolvedResult
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, slackOptions("tell the requester")), steps.TellResolved, in).Get(ctx, &told)
		if err != nil {
			workflow.GetLogger(ctx).Warn("requester not told", "request_id", r.Request.String(), "err", err)
		} else if told.Stray != "" {
			r.deleteStray(ctx, told.Stray)
		}
	})
}

// tell signals other requests, waits until the server has that, and returns those that have ended.
func (r *request) tell(ctx workflow.Context, signal string, arg any, to ...helpdesk.Peer) (ended []helpdesk.Peer) {
	r.telling++
	defer func() { r.telling-- }()
	var sent []workflow.Future
	for _, p := range to {
		sent = append(sent, workflow.SignalExternalWorkflow(ctx, names.RequestID(p.ID), "", signal, arg))
	}
	for i, f := range sent {
		if err := f.Get(ctx, nil); err != nil {
			ended = append(ended, to[i])
			workflow.GetLogger(ctx).Info("request could not be told", "request_id", to[i].ID.String(), "signal", signal, "err", err)
		}
	}
	return ended
}

// refuseLate lets those go that have joined in the moment in which the request ends.
func (r *request) refuseLate(ctx workflow.Context) {
	late := workflow.GetSignalChannel(ctx, names.SignalJoined)
	for d := (names.Duplicate{}); late.ReceiveAsync(&d); d = (names.Duplicate{}) {
		r.joinedBy(ctx, d)
	}
}

// joinAgain tells the original of a duplicate that continues an earlier run: one of the two may have been restored to before
// they were joined.
func (r *request) joinAgain(ctx workflow.Context) {
	if r.turn.Lock(ctx) != nil {
		return
	}
	defer r.turn.Unlock()
	if !r.Kin.Duplicate() || r.Status.Ended() {
		return
	}
	r.Kin.Heeded = 0
	if len(r.tell(ctx, names.SignalJoined, names.Duplicate{Peer: r.peer()}, r.Kin.Original)) > 0 && r.Status.Open() {
		r.part(ctx)
	}
}

func (r *request) peer() helpdesk.Peer { return helpdesk.Peer{ID: r.Request, Number: r.Number} }

// alarm tells earlier requests that they, and this one, look like one incident.
func (r *request) alarm(ctx workflow.Context, t activities.TriageResult) {
	incident := names.Incident{Requests: t.Incident, Peers: []helpdesk.Peer{r.peer()}}
	var to []helpdesk.Peer
	for _, l := range t.Similar {
		incident.Peers = append(incident.Peers, l.Peer)
		if l.Tell {
			to = append(to, l.Peer)
		}
	}
	if len(to) == 0 || workflow.GetVersion(ctx, "tell-of-incident", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return
	}
	workflow.Go(ctx, func(ctx workflow.Context) { r.tell(ctx, names.SignalIncident, incident, to...) })
}

// marked notes that the request looks like one of an incident, for the staff card to say so. Harmless when repeated.
func (r *request) marked(ctx workflow.Context, i names.Incident) {
	if !heeds(ctx) || !r.Status.Open() {
		return
	}
	known := r.Kin
	r.Kin.Incident = max(known.Incident, i.Requests)
	for _, p := range i.Peers {
		if p.ID != r.Request && len(r.Kin.Similar) < helpdesk.MaxSimilar {
			r.Kin.Similar = helpdesk.With(r.Kin.Similar, p)
		}
	}
	if r.Kin.Incident != known.Incident || len(r.Kin.Similar) != len(known.Similar) {
		r.changed(ctx)
	}
}

// resembles takes what a triage has found similar.
func resembles(k helpdesk.Kin, t activities.TriageResult) helpdesk.Kin {
	k.Similar, k.Incident = nil, t.Incident
	for _, l := range t.Similar {
		k.Similar = append(k.Similar, l.Peer)
	}
	return k
}

// heeds reports whether a signal of another request is followed. A worker of before has taken it without a word; that history
// goes on so.
func heeds(ctx workflow.Context) bool {
	return workflow.GetVersion(ctx, "heed-other-requests", workflow.DefaultVersion, 1) != workflow.DefaultVersion
}
