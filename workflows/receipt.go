package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// keepReceipt is the one coroutine that writes row, receipt and staff card: the newest version, never an older one.
// Changes that come while it writes are one change.
func (r *request) keepReceipt(ctx workflow.Context) {
	for {
		if err := workflow.Await(ctx, func() bool { return r.Shown < r.Version }); err != nil {
			return
		}
		if r.Mute {
			r.project(ctx)
		} else {
			r.sendReceipt(ctx)
		}
	}
}

func (r *request) sendReceipt(ctx workflow.Context) {
	in := activities.ReceiptInput{RequestInput: r.RequestInput, Progress: r.Progress, WithoutAI: r.WithoutAI, Why: r.Why}
	var sent activities.ReceiptResult
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, slackOptions("receipt: "+string(r.Status))), steps.SendReceipt, in).Get(ctx, &sent)
	if r.turn.Lock(ctx) != nil {
		return
	}
	defer r.turn.Unlock()
	switch {
	case err == nil && sent.Stray == "":
		r.Shown = in.Version
		for _, reply := range sent.News {
			r.heard(ctx, reply)
		}
	case err == nil:
		r.Mute = true
		r.deleteStray(ctx, sent.Stray)
		r.withdraw(ctx, helpdesk.Withdraw, helpdesk.StopParentGone)
	case failedAs(err, activities.FailureMessageGone):
		r.Mute = true
		r.withdraw(ctx, helpdesk.Withdraw, helpdesk.StopParentGone)
	case failedAs(err, activities.FailureChannelGone):
		r.Mute = true
		r.leaveChannel(ctx)
	default: // Slack will never take it: the row has to do
		r.Mute = true
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

// leaveChannel: the first refused call tells that we are out of the channel. Its open requests are told by signals,
// this one at once.
func (r *request) leaveChannel(ctx workflow.Context) {
	r.stopClocks(ctx, helpdesk.StopChannelLeft)
	in := activities.RefusedInput{RequestInput: r.RequestInput, At: workflow.Now(ctx)}
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, fanOutOptions()), steps.CloseRefusedChannel, in).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Error("channel could not be closed", "request_id", r.Request.String(), "err", err)
	}
}

// stopClocks cancels both clocks and remembers why; once.
func (r *request) stopClocks(ctx workflow.Context, why helpdesk.ClockStop) {
	if r.ClocksOff != "" && r.ClocksOff != helpdesk.StopDuplicate || r.Status.Ended() {
		return
	}
	r.ClocksOff = why
	tell := r.letGo()
	r.changed(ctx)
	tell(ctx)
}

// project stores the state in the row where there is nowhere to show it.
func (r *request) project(ctx workflow.Context) {
	in := activities.StateInput{RequestInput: r.RequestInput, Progress: r.Progress}
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, storeOptions("store state")), steps.Project, in).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Error("state could not be stored", "request_id", r.Request.String(), "err", err)
	}
	r.Shown = in.Version
}
