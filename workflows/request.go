package workflows

import (
	"cmp"
	"errors"
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// RequestState is the whole state of a request, serialisable, so that a run can be continued as a new one.
type RequestState struct {
	helpdesk.Progress
	Number    int64     `json:"number"`
	OpenedAt  time.Time `json:"opened_at"`
	ScrubAt   time.Time `json:"scrub_at,omitzero"` // the retention deadline of the text; zero where it is gone
	WithoutAI bool      `json:"without_ai,omitempty"`
	// Why no model has triaged it, where one should have.
	Why       helpdesk.NoModel `json:"why,omitempty"`
	Retriaged bool             `json:"retriaged,omitempty"` // the one re-run after an edit is used up
	TakenIn   int64            `json:"taken_in,omitempty"`  // the version in which the assignee was set
	ByReply   bool             `json:"by_reply,omitempty"`  // the assignee was the first who replied, and pressed nothing
	Clocks    Clocks           `json:"clocks"`
	Notices   []Notice         `json:"notices,omitempty"` // waiting to be sent
	// Shown is the version that row and Slack show; Mute that there is nowhere in Slack to show it any more.
	Shown int64 `json:"shown"`
	Mute  bool  `json:"mute,omitempty"`
	// Offer is the answer that is offered in the thread; nil where none is.
	Offer *Offer `json:"offer,omitempty"`
}

// request is one run.
type request struct {
	names.RequestInput
	RequestState
	turn    workflow.Mutex // one change at a time, from its check to its end
	sending *delivery      // the notice on its way
	telling int            // how much is being said to other requests, and about them
	offers  bool           // what happens to the answer is still to be shown
}

var steps *activities.Activities // never set: it only names the activities

// Request is the life of one request: triage, receipt, clocks, and what people do. state is set where a run continues
// an earlier one.
func Request(ctx workflow.Context, in names.RequestInput, state *RequestState) error {
	r := &request{RequestInput: in, turn: workflow.NewMutex(ctx)}
	if state != nil {
		r.RequestState = *state
	}
	return r.run(ctx)
}

func (r *request) run(ctx workflow.Context) error {
	if err := r.answerPresses(ctx); err != nil {
		return err
	}
	if r.Version == 0 {
		if err := r.triage(ctx); err != nil {
			return r.failed(ctx, err)
		}
	}
	workflow.Go(ctx, r.hearSignals)
	workflow.Go(ctx, r.keepReceipt)
	workflow.Go(ctx, r.keepNotices)
	if r.Offer != nil {
		workflow.Go(ctx, r.keepOffer)
	}
	if r.WithoutAI && !r.Why.Final() {
		workflow.Go(ctx, r.triageLater)
	}
	if r.Kin.Duplicate() {
		workflow.Go(ctx, r.joinAgain)
	}
	if err := r.keepClocks(ctx); err != nil {
		return err
	}
	return r.end(ctx)
}

// triage gives the request label, priority and deadlines. Where the first attempt does not end in time, the
// embedded classifier decides alone.
func (r *request) triage(ctx workflow.Context) error {
	in := activities.TriageInput{RequestInput: r.RequestInput, Version: 1}
	var t activities.TriageResult
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, triageOptions()), steps.Triage, in).Get(ctx, &t)
	if err != nil && !ended(err) {
		in.Version, in.Lexical = 2, true
		err = workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, lexicalOptions()), steps.Triage, in).Get(ctx, &t)
		t.WithoutAI, t.Why = true, cmp.Or(t.Why, helpdesk.ModelLate)
	}
	if err != nil {
		return err
	}
	r.Number, r.OpenedAt, r.ScrubAt, r.Status, r.Version = t.Number, t.OpenedAt, t.ScrubAt, helpdesk.New, in.Version
	r.adopt(t)
	r.Assignee, r.TakenIn = t.Assignee, in.Version
	r.show(ctx)
	r.warn(ctx, t.Secrets)
	r.tellPaused(ctx, t)
	r.alarm(ctx, t)
	r.offer(ctx, t.Match)
	return nil
}

// adopt takes the outcome of a triage.
func (r *request) adopt(t activities.TriageResult) {
	r.Label, r.Priority, r.TriagedBy, r.TriagedWith, r.Checks = t.Label, t.Priority, t.By, t.With, t.Checks
	r.WithoutAI, r.Why, r.Deadlines, r.Kin = t.WithoutAI, t.Why, t.Deadlines, resembles(r.Kin, t)
}

// triageLater asks the model again in the background.
func (r *request) triageLater(ctx workflow.Context) {
	r.triageAgain(ctx, laterOptions(), activities.TriageInput{RequestInput: r.RequestInput}, func() bool {
		return r.RespondedAt.IsZero() && r.PausedAt().IsZero()
	})
}

// editTime is how long the first edit waits for more: they count as one.
const editTime = 10 * time.Second

// triageEdited reads the request once more after its text was replaced; once in its life.
func (r *request) triageEdited(ctx workflow.Context, at time.Time) {
	timer := workflow.NewTimerWithOptions(ctx, editTime, workflow.TimerOptions{Summary: "wait for more edits"})
	if timer.Get(ctx, nil) != nil {
		return
	}
	in := activities.TriageInput{RequestInput: r.RequestInput, OrLexical: true}
	r.triageAgain(ctx, editedOptions(), in, func() bool { return r.unansweredAt(at) })
}

// unansweredAt reports whether no agent had replied at an instant, by the messages' own time.
func (r *request) unansweredAt(at time.Time) bool {
	return r.RespondedAt.IsZero() || at.Before(r.RespondedAt)
}

// triageAgain takes a later triage unless a person has decided. The priority, and with it the clocks, moves only where
// mayMove says so.
func (r *request) triageAgain(ctx workflow.Context, o workflow.ActivityOptions, in activities.TriageInput, mayMove func() bool) {
	var t activities.TriageResult
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), steps.TriageAgain, in).Get(ctx, &t)
	if err == nil && in.OrLexical {
		r.warn(ctx, t.Secrets) // another text
	}
	if err != nil || r.turn.Lock(ctx) != nil {
		return
	}
	defer r.turn.Unlock()
	if r.TriagedBy == helpdesk.ByHuman || !r.Status.Open() {
		return
	}
	next := r.Progress
	next.Label, next.TriagedBy, next.TriagedWith, next.Checks = t.Label, t.By, t.With, t.Checks
	if t.Priority != next.Priority && mayMove() {
		next.Priority = t.Priority
		if next, err = r.plan(ctx, next); err != nil {
			return
		}
	}
	if in.OrLexical {
		next.Kin = resembles(next.Kin, t)
	}
	r.Progress, r.WithoutAI, r.Why = next, t.WithoutAI, t.Why
	r.changed(ctx)
	r.alarm(ctx, t)
}

// changed makes the present state a new version, for Slack, the row and the operators to show.
func (r *request) changed(ctx workflow.Context) {
	r.Version++
	r.show(ctx)
}

// withdraw ends the request: what was written is destroyed and both clocks stop. Harmless when repeated.
func (r *request) withdraw(ctx workflow.Context, action helpdesk.Action, why helpdesk.ClockStop) {
	next, err := r.Status.Next(action)
	if err != nil {
		return
	}
	r.Status, r.ClocksOff, r.ScrubAt = next, why, time.Time{}
	tell := r.letGo()
	r.changed(ctx)
	tell(ctx)
}

// end destroys what a withdrawn request still has, waits until everything is shown and answered, and records the outcome.
func (r *request) end(ctx workflow.Context) error {
	if r.Status == helpdesk.Withdrawn {
		in := activities.StateInput{RequestInput: r.RequestInput, Progress: r.Progress}
		if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, storeOptions("destroy text and summary")), steps.Erase, in).Get(ctx, nil); err != nil {
			workflow.GetLogger(ctx).Error("text could not be destroyed", "request_id", r.Request.String(), "err", err)
		}
	}
	if err := workflow.Await(ctx, func() bool {
		return r.Shown >= r.Version && len(r.Notices) == 0 && r.sending == nil && r.telling == 0 && !r.offers && workflow.AllHandlersFinished(ctx)
	}); err != nil {
		return err
	}
	r.refuseLate(ctx)
	return r.outcome(ctx)
}

func (r *request) outcome(ctx workflow.Context) error {
	return workflow.UpsertTypedSearchAttributes(ctx,
		temporal.NewSearchAttributeKeyKeyword(names.AttributeOutcome).ValueSet(string(r.Status)))
}

// failed ends a request that cannot be triaged because its text or its workspace is gone.
func (r *request) failed(ctx workflow.Context, err error) error {
	workflow.GetLogger(ctx).Info("request ends before triage", "request_id", r.Request.String(), "err", err)
	r.Version++ // presses are answered by the status
	r.Status = helpdesk.Withdrawn
	r.ClocksOff = helpdesk.StopDeleted
	in := activities.StateInput{RequestInput: r.RequestInput, Progress: r.Progress}
	if in.Priority == "" {
		in.Priority = helpdesk.Medium
	}
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, storeOptions("store state")), steps.Erase, in).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Warn("state could not be stored", "request_id", r.Request.String(), "err", err)
	}
	return r.outcome(ctx)
}

// ended reports whether a step failed because what it is about no longer exists.
func ended(err error) bool {
	return failedAs(err, activities.FailureErased) || failedAs(err, activities.FailureNotFound)
}

// failedAs reports whether a step failed with the given type of failure.
func failedAs(err error, kind string) bool {
	var failure *temporal.ApplicationError
	return errors.As(err, &failure) && failure.Type() == kind
}
