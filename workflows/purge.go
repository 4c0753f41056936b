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

// Purge destroys a workspace after an uninstall, or ends because a reinstall took it back. Where it stands is in the
// purge's row, so that the sweeper can go on without it. It carries no search attribute of the workspace: it must not find
// itself.
func Purge(ctx workflow.Context, in names.PurgeInput) error {
	for {
		var p activities.PurgeProgress
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, purgeOptions()), steps.Purge, in).Get(ctx, &p)
		if err != nil {
			return err
		}
		workflow.SetCurrentDetails(ctx, purgeDetails(p))
		switch {
		case p.Step == helpdesk.PurgeDone || p.Step == helpdesk.PurgeRestored:
			return nil
		case workflow.GetInfo(ctx).GetContinueAsNewSuggested():
			return workflow.NewContinueAsNewError(ctx, names.WorkflowPurge, in)
		case p.Wait > 0:
			timer := workflow.NewTimerWithOptions(ctx, p.Wait, workflow.TimerOptions{Summary: string(p.Step)})
			if err := timer.Get(ctx, nil); err != nil {
				return err
			}
		}
	}
}

// purgeDetails is what operators read while it runs.
func purgeDetails(p activities.PurgeProgress) string {
	lines := []string{fmt.Sprintf("**%s**, due by %s", p.Step, p.Deadline.Format(time.RFC3339))}
	if p.Step == helpdesk.PurgeGrace {
		lines = append(lines, fmt.Sprintf("a reinstall restores everything until %s", p.GraceUntil.Format(time.RFC3339)))
	}
	for _, c := range []struct {
		what string
		n    int64
	}{
		{"keys destroyed", p.Keys}, {"histories deleted or about to be", p.Histories}, {"histories left", p.Left}, {"of those asked for", p.Asked},
		{"rows deleted", p.Rows},
	} {
		if c.n > 0 {
			lines = append(lines, fmt.Sprintf("%d %s", c.n, c.what))
		}
	}
	return strings.Join(lines, "\n\n")
}

// ProbeTokens asks Slack, for every workspace, whether it still knows our token, because an uninstall event can be lost
// (behaviour 35). after is the last workspace of an earlier run that this one continues.
func ProbeTokens(ctx workflow.Context, after helpdesk.WorkspaceID) error {
	var page []helpdesk.WorkspaceID
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, storeOptions("list workspaces")), steps.Workspaces, after).Get(ctx, &page)
	if err != nil || len(page) == 0 {
		return err
	}
	for _, id := range page {
		probeWorkspace(ctx, id)
	}
	return workflow.NewContinueAsNewError(ctx, names.WorkflowProbe, page[len(page)-1])
}

// probeAgain is the pause before a token that Slack does not know is called dead: a slip of Slack's must not cost a
// customer everything.
const probeAgain = 30 * time.Second

func probeWorkspace(ctx workflow.Context, id helpdesk.WorkspaceID) {
	if !dead(ctx, id) {
		return
	}
	timer := workflow.NewTimerWithOptions(ctx, probeAgain, workflow.TimerOptions{Summary: "before the token is called dead"})
	if timer.Get(ctx, nil) != nil {
		return
	}
	at := workflow.Now(ctx) // before the question: who authorises the app anew while it is asked has a token that lives
	if !dead(ctx, id) {
		return
	}
	in := activities.UninstallInput{Workspace: id, At: at}
	if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, storeOptions("begin purge")), steps.EndInstallation, in).Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Error("purge not begun", "workspace_id", id.String(), "err", err)
	}
}

// dead asks whether Slack no longer knows a workspace's token; what it does not answer is asked again in six hours.
func dead(ctx workflow.Context, id helpdesk.WorkspaceID) (dead bool) {
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, probeOptions()), steps.ProbeToken, id).Get(ctx, &dead)
	if err != nil {
		workflow.GetLogger(ctx).Warn("token not probed", "workspace_id", id.String(), "err", err)
	}
	return err == nil && dead
}
