package workflows

import (
	"errors"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// presses is what each button and menu does, once it is allowed.
var presses = map[helpdesk.Action]func(*request, workflow.Context, names.Press) error{
	helpdesk.Take:        (*request).pressTake,
	helpdesk.Wait:        (*request).pressWaiting,
	helpdesk.Resolve:     (*request).pressResolve,
	helpdesk.SetPriority: (*request).pressPriority,
	helpdesk.SetLabel:    (*request).pressLabel,
	helpdesk.NotRequest:  (*request).pressNotRequest,
	helpdesk.Join:        (*request).pressJoin,
	helpdesk.Separate:    (*request).pressSeparate,

	helpdesk.Helpful:       (*request).pressRating,
	helpdesk.NotRelevant:   (*request).pressRating,
	helpdesk.CloseResolved: (*request).pressCloseResolved,
}

// answerPresses begins to take presses. One that is refused leaves no event; the type of its error is the reason.
func (r *request) answerPresses(ctx workflow.Context) error {
	return workflow.SetUpdateHandlerWithOptions(ctx, names.UpdatePress, r.press, workflow.UpdateHandlerOptions{
		Validator: func(p names.Press) error { return refused(r.allows(p)) }, Description: "A button or menu of the receipt.",
	})
}

func refused(err error) error {
	var refusal *helpdesk.Refusal
	if errors.As(err, &refusal) {
		return temporal.NewNonRetryableApplicationError("", string(refusal.Reason), nil)
	}
	return err
}

// press carries out what the validator has allowed, or refuses it after all where another press was faster.
func (r *request) press(ctx workflow.Context, p names.Press) error {
	if err := r.turn.Lock(ctx); err != nil {
		return err
	}
	defer r.turn.Unlock()
	if err := r.allows(p); err != nil {
		return refused(err)
	}
	return presses[p.Action](r, ctx, p)
}

// allows is the rules: who may, and in which status.
func (r *request) allows(p names.Press) error {
	if err := p.By.May(p.Action, p.At.Sub(r.OpenedAt)); err != nil {
		return err
	}
	if _, err := r.Status.Next(p.Action); err != nil {
		return err
	}
	if err := r.allowsRating(p.Action); err != nil {
		return err
	}
	if p.Action == helpdesk.Take && r.Assignee != "" && r.Assignee != p.By.User && p.Seen < r.TakenIn {
		return &helpdesk.Refusal{Reason: helpdesk.ReasonTaken}
	}
	if p.Action == helpdesk.SetPriority && !helpdesk.Priority(p.Value).Valid() {
		return &helpdesk.Refusal{Reason: helpdesk.ReasonUnknown}
	}
	return r.allowsKin(p)
}

func (r *request) pressTake(ctx workflow.Context, p names.Press) error {
	if r.Assignee == p.By.User && r.Status == helpdesk.InProgress {
		return nil
	}
	r.assign(p.By.User, false)
	r.Status = helpdesk.InProgress
	r.changed(ctx)
	return nil
}

// assign makes the next version that of a new assignee. Who only replied gives way to whoever replied before.
func (r *request) assign(user string, byReply bool) {
	r.Assignee, r.TakenIn, r.ByReply = user, r.Version+1, byReply
}

// pressWaiting pauses the resolution clock; first response never pauses.
func (r *request) pressWaiting(ctx workflow.Context, p names.Press) error {
	r.Progress = r.Paused(p.At)
	r.Status = helpdesk.Waiting
	r.Deadlines.Resolution = helpdesk.Deadline{}
	r.changed(ctx)
	return nil
}

// pressResolve stops both clocks. Resolution goes on from what is left if the request is reopened; first response is left
// out of the figures where nobody has replied and it was not yet due.
func (r *request) pressResolve(ctx workflow.Context, p names.Press) error {
	r.Status, r.ResolvedAt = helpdesk.Resolved, p.At
	r.NoResponse = r.RespondedAt.IsZero() && p.At.Before(r.Deadlines.FirstResponse.Due)
	r.Progress = r.Paused(p.At)
	r.changed(ctx)
	r.resolvedWith(ctx)
	return nil
}

func (r *request) pressPriority(ctx workflow.Context, p names.Press) error {
	priority := helpdesk.Priority(p.Value)
	if priority == r.Priority && r.TriagedBy == helpdesk.ByHuman {
		return nil
	}
	next := r.Progress
	next.Priority, next.TriagedBy, next.TriagedWith, next.Checks = priority, helpdesk.ByHuman, "", nil
	next, err := r.plan(ctx, next)
	if err != nil {
		return err
	}
	if priority != r.Priority {
		was := r.Deadlines
		next.Was = &was
	}
	r.Progress, r.WithoutAI, r.Why = next, false, ""
	r.changed(ctx)
	return nil
}

func (r *request) pressLabel(ctx workflow.Context, p names.Press) error {
	if p.Value == r.Label && r.TriagedBy == helpdesk.ByHuman {
		return nil
	}
	r.Label, r.TriagedBy, r.TriagedWith, r.Checks, r.WithoutAI, r.Why = p.Value, helpdesk.ByHuman, "", nil, false, ""
	r.changed(ctx)
	return nil
}

func (r *request) pressNotRequest(ctx workflow.Context, _ names.Press) error {
	r.withdraw(ctx, helpdesk.NotRequest, helpdesk.StopNotRequest)
	return nil
}

// plan gives p the deadlines of its priority and pauses: settings and time zones are the activity's, so that replay cannot
// differ.
func (r *request) plan(ctx workflow.Context, p helpdesk.Progress) (helpdesk.Progress, error) {
	in := activities.PlanInput{RequestInput: r.RequestInput, Priority: p.Priority, Pauses: p.Pauses}
	err := workflow.ExecuteLocalActivity(workflow.WithLocalActivityOptions(ctx, planOptions()), steps.Plan, in).Get(ctx, &p.Deadlines)
	return p, err
}
