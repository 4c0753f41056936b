package workflows

import (
	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// ChannelJoined introduces the app in a channel it was added to.
func ChannelJoined(ctx workflow.Context, in names.ChannelInput) error {
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, slackOptions("introduction")), steps.IntroduceChannel, in).Get(ctx, nil)
	if err != nil {
		workflow.GetLogger(ctx).Warn("channel not introduced", "channel_id", in.Channel.String(), "err", err)
	}
	return err
}

// ChannelLeft stops the intake of a channel and cancels the clocks of its open requests.
func ChannelLeft(ctx workflow.Context, in names.ChannelInput) error {
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, fanOutOptions()), steps.CloseChannel, in).Get(ctx, nil)
}

// Whisper answers the person who pressed or wrote, and nobody else.
func Whisper(ctx workflow.Context, in names.WhisperInput) error {
	return workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, whisperOptions()), steps.Whisper, in).Get(ctx, nil)
}

// CompareChannels compares, once a day and for every workspace, the channels we know with those that Slack says we are in:
// events get lost (behaviour 28). after is the last workspace of an earlier run that this one continues.
func CompareChannels(ctx workflow.Context, after helpdesk.WorkspaceID) error {
	var page []helpdesk.WorkspaceID
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, storeOptions("list workspaces")), steps.Workspaces, after).Get(ctx, &page)
	if err != nil || len(page) == 0 {
		return err
	}
	for _, id := range page {
		compareWorkspace(ctx, id)
	}
	return workflow.NewContinueAsNewError(ctx, names.WorkflowCompare, page[len(page)-1])
}

// compareWorkspace has what changed followed as if Slack had told. A workspace that cannot be asked is left for tomorrow.
func compareWorkspace(ctx workflow.Context, id helpdesk.WorkspaceID) {
	in := names.CompareInput{Workspace: id, At: workflow.Now(ctx)}
	var found activities.Comparison
	err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, compareOptions()), steps.CompareChannels, in).Get(ctx, &found)
	if err != nil {
		workflow.GetLogger(ctx).Warn("channels not compared", "workspace_id", id.String(), "err", err)
		return
	}
	for _, c := range found.Joined {
		startChannel(ctx, names.WorkflowChannelJoined, names.ChannelJoinedID(c), c)
	}
	for _, c := range found.Left {
		startChannel(ctx, names.WorkflowChannelLeft, names.ChannelLeftID(c), c)
	}
}

// startChannel starts a workflow that goes on by itself.
func startChannel(ctx workflow.Context, name, id string, in names.ChannelInput) {
	child := workflow.ExecuteChildWorkflow(workflow.WithChildOptions(ctx, workflow.ChildWorkflowOptions{
		WorkflowID: id, TaskQueue: names.QueueRequests, ParentClosePolicy: enumspb.PARENT_CLOSE_POLICY_ABANDON,
		WorkflowIDReusePolicy: enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		TypedSearchAttributes: temporal.NewSearchAttributes( // by which a purge finds it
			temporal.NewSearchAttributeKeyKeyword(names.AttributeWorkspaceID).ValueSet(in.Workspace.String())),
	}), name, in)
	if err := child.GetChildWorkflowExecution().Get(ctx, nil); err != nil {
		workflow.GetLogger(ctx).Info("channel is followed already", "channel_id", in.Channel.String(), "err", err)
	}
}
