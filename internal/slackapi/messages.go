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
	// Broadcast shows a thread message at the channel root as well.
	Broadcast bool
	Text      string // what notifications and screen readers say
	Blocks    []slack.Block
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
	if m.Broadcast {
		options = append(options, slack.MsgOptionBroadcast())
	}
	return options
}

// Posted is where a message stands. ThreadTS is "" at the channel root: so Slack answers a reply whose parent is gone.
// Channel is the direct conversation where a person was posted to.
type Posted struct{ Channel, TS, ThreadTS string }

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
		Channel string `json:"channel"`
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
	return Posted{Channel: answer.Channel, TS: answer.TS, ThreadTS: answer.Message.ThreadTS}, nil
}

// Whisper posts a message that only user sees. Slack does not promise to show it, and keeps nothing of it.
func (s *Session) Whisper(ctx context.Context, user string, m Message) error {
	ts, err := s.slack.PostEphemeralContext(ctx, m.Channel, user, m.options()...)
	if err == nil {
		err = proven(ts)
	}
	return refusal("chat.postEphemeral", err)
}

// Permalink is the address of a message for people.
func (s *Session) Permalink(ctx context.Context, channel, ts string) (string, error) {
	link, err := s.slack.GetPermalinkContext(ctx, &slack.PermalinkParameters{Channel: channel, Ts: ts})
	if err == nil {
		err = proven(link)
	}
	return link, refusal("chat.getPermalink", err)
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

// A look-up at the root of a channel reads so many pages of so many messages: a busy one may have had that many since. Slack
// gives some apps no more than 15 messages a call, and one call a minute; theirs sees the latest only.
const (
	findPages = 10
	findLimit = "200"
)

// Find looks for the message that an operation left behind, in its thread or at the root of its channel, among those
// since the given time. In a thread one page is enough: ours are among its first. [MessageGone] where the thread is not
// there.
func (s *Session) Find(ctx context.Context, m Message, since time.Time) (Posted, bool, error) {
	if m.ThreadTS != "" {
		query := url.Values{"channel": {m.Channel}, "ts": {m.ThreadTS}, "limit": {"15"}, "include_all_metadata": {"true"}}
		found, _, err := s.find(ctx, "conversations.replies", query, m)
		return found, found.TS != "", err
	}
	query := url.Values{
		"channel": {m.Channel}, "limit": {findLimit}, "include_all_metadata": {"true"},
		"oldest": {fmt.Sprintf("%d.000000", since.Add(-time.Minute).Unix())},
	}
	for range findPages {
		found, cursor, err := s.find(ctx, "conversations.history", query, m)
		if err != nil || found.TS != "" || cursor == "" {
			return found, found.TS != "", err
		}
		query.Set("cursor", cursor)
	}
	return Posted{}, false, nil
}

// find reads one page; what it does not find has no TS.
func (s *Session) find(ctx context.Context, method string, query url.Values, m Message) (found Posted, cursor string, err error) {
	var page struct {
		Messages []struct {
			TS       string `json:"ts"`
			ThreadTS string `json:"thread_ts"`
			Metadata struct {
				EventType    string         `json:"event_type"`
				EventPayload map[string]any `json:"event_payload"`
			} `json:"metadata"`
		} `json:"messages"`
		Next struct {
			Cursor string `json:"next_cursor"`
		} `json:"response_metadata"`
	}
	if err := s.call(ctx, method, query, &page); err != nil {
		return Posted{}, "", err
	}
	for _, found := range page.Messages {
		if found.Metadata.EventType == eventType && found.Metadata.EventPayload["operation"] == m.Operation {
			return Posted{Channel: m.Channel, TS: found.TS, ThreadTS: found.ThreadTS}, "", nil
		}
	}
	return Posted{}, page.Next.Cursor, nil
}
