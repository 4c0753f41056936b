package workflows

import (
	"go.temporal.io/sdk/workflow"

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
