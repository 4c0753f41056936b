package workflows

import (
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// DataRequest answers a data request: it carries out an erasure, part by part, and watches over an export until it is
// written or its link has expired. Where it stands is in the data request's row; whom it is about stands nowhere here.
func DataRequest(ctx workflow.Context, in names.DataRequestInput) error {
	look := workflow.GetSignalChannel(ctx, names.SignalLook)
	for {
		var p activities.DataProgress
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, dataRequestOptions()), steps.AnswerDataRequest,
			activities.DataInput{DataRequestInput: in, At: workflow.Now(ctx)}).Get(ctx, &p)
		if failedAs(err, activities.FailureNotFound) {
			return nil // gone with its workspace
		}
		if err != nil {
			return err
		}
		workflow.SetCurrentDetails(ctx, dataDetails(p))
		switch {
		case p.Step == helpdesk.DataDone:
			return nil
		case workflow.GetInfo(ctx).GetContinueAsNewSuggested():
			return workflow.NewContinueAsNewError(ctx, names.WorkflowDataRequest, in)
		case p.Wait > 0:
			waitFor(ctx, p, look)
		}
	}
}

// waitFor returns after the pause, or as soon as there is news.
func waitFor(ctx workflow.Context, p activities.DataProgress, look workflow.ReceiveChannel) {
	timerCtx, cancel := workflow.WithCancel(ctx)
	defer cancel()
	s := workflow.NewSelector(ctx)
	s.AddFuture(workflow.NewTimerWithOptions(timerCtx, p.Wait, workflow.TimerOptions{Summary: string(p.Step)}), func(workflow.Future) {})
	s.AddReceive(look, func(c workflow.ReceiveChannel, _ bool) {
		for c.ReceiveAsync(nil) { // several are one
		}
	})
	s.Select(ctx)
}

// dataDetails is what operators read while it runs.
func dataDetails(p activities.DataProgress) string {
	lines := []string{fmt.Sprintf("**%s: %s**, due by %s", p.Kind, p.Step, p.DueAt.UTC().Format(time.RFC3339))}
	if p.Law != "" {
		lines[0] += " (" + string(p.Law) + ")"
	}
	for _, c := range []struct {
		what string
		n    int64
	}{
		{"requests", p.Requests}, {"texts", p.Texts}, {"summaries", p.Summaries}, {"roles", p.Roles}, {"deliveries", p.Deliveries},
		{"ids replaced", p.Names},
	} {
		if c.n > 0 {
			lines = append(lines, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	if p.Outcome != "" {
		lines = append(lines, string(p.Outcome))
	}
	return strings.Join(lines, "\n\n")
}
