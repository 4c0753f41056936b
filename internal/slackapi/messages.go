package slackapi

import (
	"context"
	"encoding/json"
	"fmt"
	"net/url"
	"time"

	"github.com/slack-go/slack"
)

// eventType names our metadata on messages. It is readable for other apps, so it holds only an operation id.
const eventType = "echosynch_operation"

// Message is one of ours.
type Message struct {
	Channel  string
	ThreadTS string // "": at the channel root
	Text     string // what notifications and screen readers say
	Blocks   []slack.Block
	// Operation identifies the one message that this call is to leave behind.
	Operation string
}

func (m Message) options() []slack.MsgOption {
	options := []slack.MsgOption{
		slack.MsgOptionText(m.Text, false), slack.MsgOptionBlocks(m.Blocks...),
		slack.MsgOptionDisableLinkUnfurl(), slack.MsgOptionDisableMediaUnfurl(),
		slack.MsgOptionMetadata(slack.SlackMetadata{
			EventType: eventType, EventPayload: map[string]any{"operation": m.Operation},
		}),
	}
	if m.ThreadTS != "" {
		options = append(options, slack.MsgOptionTS(m.ThreadTS))
	}
	return options
}

// Posted is where a message stands. ThreadTS is "" at the channel root: so Slack answers a reply whose parent is gone.
type Posted struct{ TS, ThreadTS string }

// Post posts a message once, by our own call: the SDK's does not tell in which thread it landed. After an [Ambiguous]
// error look it up before posting again: see [Session.Find].
func (s *Session) Post(ctx context.Context, m Message) (Posted, error) {
	_, query, err := slack.UnsafeApplyMsgOptions("", m.Channel, s.api.base, m.options()...)
	if err != nil {
		return Posted{}, fmt.Errorf("encode message: %w", err)
	}
	query.Del("token")     // it goes into the header
	if len(m.Blocks) > 0 { // the SDK keeps them apart until it sends
		blocks, err := json.Marshal(m.Blocks)
		if err != nil {
			return Posted{}, fmt.Errorf("encode blocks: %w", err)
		}
		query.Set("blocks", string(blocks))
	}
	var answer struct {
		TS      string `json:"ts"`
		Message *struct {
			ThreadTS string `json:"thread_ts"`
		} `json:"message"`
	}
	if err := s.call(ctx, "chat.postMessage", query, &answer); err != nil {
		return Posted{}, err
	}
	if answer.TS == "" || answer.Message == nil { // posted, but where?
		return Posted{}, refusal("chat.postMessage", errUnreadable)
	}
	return Posted{TS: answer.TS, ThreadTS: answer.Message.ThreadTS}, nil
}

// Update replaces a message of ours. Repeating it is harmless. [MessageGone] says that our own message is not there; it
// says nothing of the one it answers.
func (s *Session) Update(ctx context.Context, ts string, m Message) error {
	_, at, _, err := s.slack.UpdateMessageContext(ctx, m.Channel, ts, m.options()...)
	if err == nil {
		err = proven(at)
	}
	return refusal("chat.update", err)
}

// Delete removes a message of ours. [MessageGone] where it is not there.
func (s *Session) Delete(ctx context.Context, channel, ts string) error {
	_, at, err := s.slack.DeleteMessageContext(ctx, channel, ts)
	if err == nil {
		err = proven(at)
	}
	return refusal("chat.delete", err)
}

// Find looks for the message that an operation left behind, in its thread or at the root of its channel, among those
// since the given time: one page, as Slack allows some apps no more than 15 objects a minute. [MessageGone] where the
// thread is not there.
func (s *Session) Find(ctx context.Context, m Message, since time.Time) (Posted, bool, error) {
	name := "conversations.history"
	query := url.Values{
		"channel": {m.Channel}, "limit": {"15"}, "include_all_metadata": {"true"},
		"oldest": {fmt.Sprintf("%d.000000", since.Add(-time.Minute).Unix())},
	}
	if m.ThreadTS != "" {
		name = "conversations.replies"
		query.Set("ts", m.ThreadTS)
		query.Del("oldest") // the receipt is among the first replies
	}
	var page struct {
		Messages []struct {
			TS       string `json:"ts"`
			ThreadTS string `json:"thread_ts"`
			Metadata struct {
				EventType    string         `json:"event_type"`
				EventPayload map[string]any `json:"event_payload"`
			} `json:"metadata"`
		} `json:"messages"`
	}
	if err := s.call(ctx, name, query, &page); err != nil {
		return Posted{}, false, err
	}
	for _, found := range page.Messages {
		if found.Metadata.EventType == eventType && found.Metadata.EventPayload["operation"] == m.Operation {
			return Posted{TS: found.TS, ThreadTS: found.ThreadTS}, true, nil
		}
	}
	return Posted{}, false, nil
}
