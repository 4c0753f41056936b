package workflows

import (
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// warn tells the requester which kinds of secret this version of their text holds, as soon as a receipt stands: Slack shows an
// ephemeral in a thread only where there is one. A worker of before may have taken the triage and told nobody; its history
// goes on without.
func (r *request) warn(ctx workflow.Context, kinds []helpdesk.SecretKind) {
	if len(kinds) == 0 || workflow.GetVersion(ctx, "whisper-secrets", workflow.DefaultVersion, 1) == workflow.DefaultVersion {
		return
	}
	workflow.Go(ctx, func(ctx workflow.Context) {
		if workflow.Await(ctx, func() bool { return r.Shown > 0 || r.Mute }) != nil || r.Mute || r.Status.Ended() {
			return
		}
		in := activities.SecretsInput{RequestInput: r.RequestInput, Kinds: kinds}
		if err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, secretsOptions()), steps.WhisperSecrets, in).Get(ctx, nil); err != nil {
			workflow.GetLogger(ctx).Warn("requester not told of secrets", "request_id", r.Request.String(), "err", err)
		}
	})
}
