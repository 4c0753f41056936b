package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// RequestState is the whole state of a request, serialisable, so that a run can be continued as a new one.
type RequestState struct {
	helpdesk.Progress
	Number    int64  `json:"number"`
	WithoutAI bool   `json:"without_ai,omitempty"`
	Clocks    Clocks `json:"clocks"`
	// Shown is the version that the receipt shows; Mute that there is nowhere to show it any more.
	Shown int64 `json:"shown"`
	Mute  bool  `json:"mute,omitempty"`
}

// request is one run.
type request struct {
	names.RequestInput
	RequestState
}

var steps *activities.Activities // never set: it only names the activities

// Request is the life of one request: triage, receipt, clocks. state is set where a run continues an earlier one.
func Request(ctx workflow.Context, in names.RequestInput, state *RequestState) error {
	r := &request{RequestInput: in}
	if state != nil {
		r.RequestState = *state
	}
	return r.run(ctx)
}

func (r *request) run(ctx workflow.Context) error {
	if r.Version == 0 {
		if err := r.triage(ctx); err != nil {
			return r.failed(ctx, err)
		}
	}
	workflow.Go(ctx, r.hearStops)
	workflow.Go(ctx, r.keepReceipt)
	if r.WithoutAI {
		workflow.Go(ctx, r.triageLater)
	}
	if err := r.keepClocks(ctx); err != nil {
		return err
	}
	return workflow.UpsertTypedSearchAttributes(ctx,
		temporal.NewSearchAttributeKeyKeyword(names.AttributeOutcome).ValueSet(string(r.Status)))
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
		t.WithoutAI = true
	}
	if err != nil {
		return err
	}
	r.Number, r.Status, r.Version = t.Number, helpdesk.New, in.Version
	r.take(t)
	r.show(ctx)
	return nil
}

// take adopts the outcome of a triage.
func (r *request) take(t activities.TriageResult) {
	r.Label, r.Priority, r.TriagedBy, r.WithoutAI = t.Label, t.Priority, t.By, t.WithoutAI
	r.Deadlines = t.Deadlines
}

// triageLater asks the model again in the background and takes its answer unless a person has decided.
func (r *request) triageLater(ctx workflow.Context) {
	var t activities.TriageResult
	in := activities.TriageInput{RequestInput: r.RequestInput, Version: r.Version}
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, laterOptions()), steps.TriageAgain, in).Get(ctx, &t)
	if err != nil || r.TriagedBy == helpdesk.ByHuman || r.Status.Ended() {
		return
	}
	r.take(t)
	r.changed(ctx)
}

// changed makes the present state a new version, for the receipt, the row and the operators to show.
func (r *request) changed(ctx workflow.Context) {
	r.Version++
	r.show(ctx)
}

// keepReceipt is the one coroutine that writes to Slack: it sends the newest version, never an older one.
func (r *request) keepReceipt(ctx workflow.Context) {
	for {
		if err := workflow.Await(ctx, func() bool { return r.Shown < r.Version && !r.Mute }); err != nil {
			return
		}
		r.sendReceipt(ctx)
	}
}

func (r *request) sendReceipt(ctx workflow.Context) {
	in := activities.ReceiptInput{RequestInput: r.RequestInput, Progress: r.Progress, WithoutAI: r.WithoutAI}
	var sent activities.ReceiptResult
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, slackOptions("receipt")), steps.SendReceipt, in).Get(ctx, &sent)
	switch {
	case err == nil && sent.Stray == "":
		r.Shown = in.Version
	case err == nil:
		r.Mute = true
		r.deleteStray(ctx, sent.Stray)
		r.withdraw(ctx)
	case failedAs(err, activities.FailureMessageGone):
		r.Mute = true
		r.withdraw(ctx)
	case failedAs(err, activities.FailureChannelGone):
		r.Mute = true
		r.leaveChannel(ctx)
	default: // Slack will never take it: the row has to do
		r.Mute = true
		r.project(ctx)
	}
}

// deleteStray removes a receipt that Slack put at the channel root.
func (r *request) deleteStray(ctx workflow.Context, ts string) {
	in := activities.StrayInput{RequestInput: r.RequestInput, TS: ts}
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, slackOptions("delete stray receipt")), steps.DeleteStray, in).Get(ctx, nil)
	if err != nil {
		workflow.GetLogger(ctx).Error("stray receipt could not be deleted", "request_id", r.Request.String(), "err", err)
	}
}

// withdraw ends a request whose message is gone: text and summary are destroyed, clocks stop.
func (r *request) withdraw(ctx workflow.Context) {
	next, err := r.Status.Next(helpdesk.Withdraw)
	if err != nil {
		return
	}
	r.ClocksOff = helpdesk.StopParentGone
	r.Version++
	erased := r.Progress
	erased.Status = next
	in := activities.StateInput{RequestInput: r.RequestInput, Progress: erased}
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, storeOptions("destroy text and summary")), steps.Erase, in).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Error("text could not be destroyed", "request_id", r.Request.String(), "err", err)
	}
	r.Status = next
	r.show(ctx)
}

// leaveChannel follows from the first refused call: intake stops, and all clocks of the channel are cancelled,
// this request's at once.
func (r *request) leaveChannel(ctx workflow.Context) {
	r.stopClocks(ctx, helpdesk.StopChannelLeft)
	in := activities.RefusedInput{RequestInput: r.RequestInput, At: workflow.Now(ctx)}
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, fanOutOptions()), steps.CloseRefusedChannel, in).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Error("channel could not be closed", "request_id", r.Request.String(), "err", err)
	}
}

// stopClocks cancels both clocks, remembers why and stores it; once.
func (r *request) stopClocks(ctx workflow.Context, why helpdesk.ClockStop) {
	if r.ClocksOff != "" || r.Status.Ended() {
		return
	}
	r.ClocksOff = why
	r.changed(ctx)
	r.project(ctx)
}

// hearStops cancels the clocks when somebody outside says so.
func (r *request) hearStops(ctx workflow.Context) {
	stops := workflow.GetSignalChannel(ctx, names.SignalStopClocks)
	for {
		var stop names.StopClocks
		if !stops.Receive(ctx, &stop) {
			return
		}
		if stop.Reason == helpdesk.StopChannelLeft {
			r.Mute = true // nowhere to write
		}
		r.stopClocks(ctx, stop.Reason)
	}
}

// project stores the state in the row where there is no receipt to update.
func (r *request) project(ctx workflow.Context) {
	in := activities.StateInput{RequestInput: r.RequestInput, Progress: r.Progress}
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, storeOptions("store state")), steps.Project, in).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Error("state could not be stored", "request_id", r.Request.String(), "err", err)
	}
}

// failed ends a request that cannot be triaged because its text or its workspace is gone.
func (r *request) failed(ctx workflow.Context, err error) error {
	workflow.GetLogger(ctx).Info("request ends before triage", "request_id", r.Request.String(), "err", err)
	r.Status = helpdesk.Withdrawn
	return workflow.UpsertTypedSearchAttributes(ctx,
		temporal.NewSearchAttributeKeyKeyword(names.AttributeOutcome).ValueSet(string(r.Status)))
}

// ended reports whether a step failed because what it is about no longer exists.
func ended(err error) bool {
	return failedAs(err, activities.FailureErased) || failedAs(err, activities.FailureNotFound) ||
		failedAs(err, activities.FailureNotInstalled)
}

// failedAs reports whether a step failed with the given type of failure.
func failedAs(err error, kind string) bool {
	var failure *temporal.ApplicationError
	return errors.As(err, &failure) && failure.Type() == kind
}
