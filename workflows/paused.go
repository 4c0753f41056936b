package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
)

// tellPaused tells the admins that the workspace's own model refuses, where this request was the one that found out.
func (r *request) tellPaused(ctx workflow.Context, t activities.TriageResult) {
	if !t.TellPaused || workflow.GetVersion(ctx, "tell-paused", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		o := slackOptions("tell the admins that their model refuses")
		if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, o), steps.TellPaused, r.RequestInput).Get(ctx, nil); err != nil {
			workflow.GetLogger(ctx).Warn("admins not told of a paused model", "request_id", r.Request.String(), "err", err)
		}
	})
}
