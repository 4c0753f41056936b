package activities

import (
	"context"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// Whisper tells one person, in the request's thread, why something was refused. Slack shows it only to people who are in
// the channel; that it cannot is no failure.
func (a *Activities) Whisper(ctx context.Context, in names.WhisperInput) error {
	f, err := a.face(ctx, in.RequestInput, "chat.postEphemeral", nil)
	if err != nil {
		return failure(err)
	}
	text, blocks := blockkit.Whisper(in.Reason)
	return a.whisper(ctx, f, in.User, text, blocks)
}

func (a *Activities) whisper(ctx context.Context, f face, user, text string, blocks []slack.Block) error {
	m := slackapi.Message{Channel: f.channel.SlackID, ThreadTS: f.shown.OriginTS, Text: text, Blocks: blocks}
	err := a.paced(ctx, f, "chat.postEphemeral", f.wait, func() error { return f.session.Whisper(ctx, user, m) })
	if refusedAs(err, slackapi.Rejected) || refusedAs(err, slackapi.MessageGone) {
		return nil
	}
	return failure(err)
}
