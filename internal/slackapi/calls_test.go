package slackapi_test

import (
	"context"
	"time"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/internal/slackapi"
)

// What must appear in no error.
const (
	token = "xoxb-do-not-print"
	text  = "VPN drops every ten minutes"
)

// call is one call we make.
type call struct {
	method string
	write  bool
	call   func(context.Context, *slackapi.API) error
}

func message() slackapi.Message {
	return slackapi.Message{
		Channel: "C1", ThreadTS: "1.000100", Text: text, Operation: "receipt/1",
		Blocks: []slack.Block{slack.NewSectionBlock(slack.NewTextBlockObject(slack.MarkdownType, text, false, true), nil, nil)},
	}
}

// calls is every call we make.
func calls() []call {
	as := func(a *slackapi.API) *slackapi.Session { return a.As(secret.New(token)) }
	return []call{
		{"oauth.v2.access", true, func(ctx context.Context, a *slackapi.API) error {
			_, err := a.Exchange(ctx, "1.2", secret.New(token), "code", "https://example.com/slack/oauth/callback")
			return err
		}},
		{"auth.test", false, func(ctx context.Context, a *slackapi.API) error { return as(a).Alive(ctx) }},
		{"auth.revoke", true, func(ctx context.Context, a *slackapi.API) error { return as(a).Revoke(ctx) }},
		{"chat.postMessage", true, func(ctx context.Context, a *slackapi.API) error {
			_, err := as(a).Post(ctx, message())
			return err
		}},
		{"chat.update", true, func(ctx context.Context, a *slackapi.API) error { return as(a).Update(ctx, "2.000100", message()) }},
		{"chat.postEphemeral", true, func(ctx context.Context, a *slackapi.API) error { return as(a).Whisper(ctx, "U1", message()) }},
		{"chat.getPermalink", false, func(ctx context.Context, a *slackapi.API) error {
			_, err := as(a).Permalink(ctx, "C1", "2.000100")
			return err
		}},
		{"chat.delete", true, func(ctx context.Context, a *slackapi.API) error { return as(a).Delete(ctx, "C1", "2.000100") }},
		{"conversations.info", false, func(ctx context.Context, a *slackapi.API) error {
			_, err := as(a).Channel(ctx, "C1")
			return err
		}},
		{"conversations.replies", false, func(ctx context.Context, a *slackapi.API) error {
			_, _, err := as(a).Find(ctx, message(), time.Unix(1, 0))
			return err
		}},
		{"conversations.history", false, func(ctx context.Context, a *slackapi.API) error {
			m := message()
			m.ThreadTS = ""
			_, _, err := as(a).Find(ctx, m, time.Unix(1, 0))
			return err
		}},
		{"users.conversations", false, func(ctx context.Context, a *slackapi.API) error {
			_, err := as(a).Channels(ctx)
			return err
		}},
		{"users.info", false, func(ctx context.Context, a *slackapi.API) error {
			_, err := as(a).User(ctx, "U1")
			return err
		}},
	}
}
