package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/workflows/names"
)

// Welcome greets the person who installed the app, or restored it.
func Welcome(ctx workflow.Context, in names.WelcomeInput) error {
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, slackOptions("welcome")), steps.Welcome, in).Get(ctx, nil)
	if err != nil {
		workflow.GetLogger(ctx).Warn("nobody was welcomed", "workspace_id", in.Workspace.String(), "err", err)
	}
	return err
}
