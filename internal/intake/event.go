package intake

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Kind of a delivery.
type Kind string

// The kinds that are stored.
const (
	KindMessage     Kind = "message"     // may open a request
	KindReply       Kind = "reply"       // in a thread
	KindEdited      Kind = "edited"      // the text of a message at the root was changed
	KindDeleted     Kind = "deleted"     // a message at the root was deleted
	KindPressed     Kind = "pressed"     // a button or menu of a receipt or staff card
	KindJoined      Kind = "joined"      // the app was added to a channel, or its channel came back from the archive
	KindLeft        Kind = "left"        // the app was removed, or the channel archived or deleted
	KindRenumbered  Kind = "renumbered"  // Slack gave a channel a new id
	KindShared      Kind = "shared"      // people outside the workspace are in the channel now
	KindUnshared    Kind = "unshared"    // no longer
	KindUninstalled Kind = "uninstalled" // the app, or its bot token, is gone
	KindAuthorised  Kind = "authorised"  // the app was installed, or its installation restored; told by ourselves
	KindUnreadable  Kind = "unreadable"  // signed by Slack, but no use to us
)

// Event is what a delivery says, in ids, enums and times. It is stored in the clear, so it never holds what a
// person wrote.
type Event struct {
	Kind       Kind      `json:"kind"`
	Channel    string    `json:"channel,omitempty"`     // Slack id
	NewChannel string    `json:"new_channel,omitempty"` // of KindRenumbered
	User       string    `json:"user,omitempty"`        // Slack id
	Bot        string    `json:"bot,omitempty"`         // bot id of an author that is no person
	External   bool      `json:"external,omitempty"`    // the author is from outside the workspace
	TS         string    `json:"ts,omitempty"`
	ThreadTS   string    `json:"thread_ts,omitempty"` // of KindReply
	Thanks     bool      `json:"thanks,omitempty"`    // of KindReply: it is only thanks
	EditedTS   string    `json:"edited_ts,omitempty"` // of KindEdited
	Press      *Press    `json:"press,omitempty"`     // of KindPressed
	Files      int       `json:"files,omitempty"`
	Restored   bool      `json:"restored,omitempty"` // of KindAuthorised
	At         time.Time `json:"at"`                 // by Slack's clock
}

// Press is what was pressed.
type Press struct {
	Request helpdesk.RequestID `json:"request"`
	Action  helpdesk.Action    `json:"action"`
	Value   string             `json:"value,omitempty"` // what was chosen from a menu
	Seen    int64              `json:"seen,omitempty"`  // the version that the message showed
}

// Skip is why a delivery is not stored; "" means that it is.
type Skip string

// Reasons for not storing a delivery. They label a counter.
const (
	SkipChallenge Skip = "challenge"  // Slack checks our address
	SkipUnhandled Skip = "unhandled"  // an event type nothing of ours follows
	SkipSubtype   Skip = "subtype"    // a message that is not on the allow-list
	SkipReply     Skip = "reply"      // of a thread that is no request of ours, or an edit or deletion in one
	SkipUnchanged Skip = "unchanged"  // an edit that changes no text, such as a link's preview
	SkipSelf      Skip = "self"       // our own message, or somebody else's joining or leaving
	SkipBot       Skip = "bot"        // of a bot that no admin listed for the channel
	SkipExternal  Skip = "external"   // of a person outside, in a channel not opened to them
	SkipChannel   Skip = "channel"    // the channel is not monitored
	SkipOrgWide   Skip = "org_wide"   // of an org-wide install, which is refused
	SkipUnknown   Skip = "unknown"    // no such workspace
	SkipDuplicate Skip = "duplicate"  // stored before
	SkipLimited   Skip = "rate_limit" // Slack says it withholds events
)

// Received is one body, read.
type Received struct {
	DeliveryID string
	Team       string // whose installation it was delivered to
	Event      Event
	Text       []byte // what a person wrote
	Skip       Skip
	Challenge  string // to be answered, where Skip is SkipChallenge
}

// slackID reads an id whether Slack sends it as a string or inside an object.
type slackID string

func (id *slackID) UnmarshalJSON(b []byte) error {
	var s string
	if json.Unmarshal(b, &s) == nil {
		*id = slackID(s)
		return nil
	}
	var object struct {
		ID string `json:"id"`
	}
	if json.Unmarshal(b, &object) == nil {
		*id = slackID(object.ID)
	}
	return nil // another shape is no id; what needs one finds none
}

// envelope and inner are our own minimal structs: the SDK's parser rejects a whole event for one unknown element.
type envelope struct {
	Type           string `json:"type"`
	Challenge      string `json:"challenge"`
	EventID        string `json:"event_id"`
	EventTime      int64  `json:"event_time"`
	TeamID         string `json:"team_id"`
	APIAppID       string `json:"api_app_id"`
	Authorizations []struct {
		TeamID       string `json:"team_id"`
		UserID       string `json:"user_id"`
		IsBot        bool   `json:"is_bot"`
		IsOrgInstall bool   `json:"is_enterprise_install"`
	} `json:"authorizations"`
	Event json.RawMessage `json:"event"`
}

type inner struct {
	Type       string            `json:"type"`
	Subtype    string            `json:"subtype"`
	Channel    slackID           `json:"channel"`
	ChannelID  string            `json:"channel_id"`
	OldChannel string            `json:"old_channel_id"`
	NewChannel string            `json:"new_channel_id"`
	User       slackID           `json:"user"`
	BotID      string            `json:"bot_id"`
	AppID      string            `json:"app_id"`
	UserTeam   string            `json:"user_team"`
	SourceTeam string            `json:"source_team"`
	TS         string            `json:"ts"`
	ThreadTS   string            `json:"thread_ts"`
	EventTS    string            `json:"event_ts"`
	Hidden     bool              `json:"hidden"`
	Text       string            `json:"text"`
	Files      []json.RawMessage `json:"files"`
	DeletedTS  string            `json:"deleted_ts"`
	Message    *inner            `json:"message"`          // of message_changed
	Previous   *inner            `json:"previous_message"` // of message_changed and message_deleted
	Edited     struct {
		TS string `json:"ts"`
	} `json:"edited"`
	Tokens struct {
		Bot []string `json:"bot"`
	} `json:"tokens"`
}

// kinds maps Slack's event types to ours. Messages are classified apart.
var kinds = map[string]Kind{
	"member_joined_channel": KindJoined,
	"channel_unarchive":     KindJoined,
	"group_unarchive":       KindJoined,
	"channel_left":          KindLeft,
	"group_left":            KindLeft,
	"channel_archive":       KindLeft,
	"group_archive":         KindLeft,
	"channel_deleted":       KindLeft,
	"group_deleted":         KindLeft,
	"channel_id_changed":    KindRenumbered,
	"channel_shared":        KindShared,
	"channel_unshared":      KindUnshared,
	"app_uninstalled":       KindUninstalled,
	"tokens_revoked":        KindUninstalled,
}

// HandledEvents lists the Slack event types that are not skipped as unhandled, "message" included.
func HandledEvents() []string {
	types := []string{"message"}
	for t := range kinds {
		types = append(types, t)
	}
	return types
}

// openingSubtypes is the allow-list of what may open a request (behaviour 4). Slack adds subtypes without notice.
var openingSubtypes = map[string]bool{"": true, "file_share": true, "me_message": true, "bot_message": true}

// Parse reads the body of a signed request to the events address. It wraps [helpdesk.ErrInvalid], without a word
// of the body, where the body can never be of use.
func Parse(raw []byte) (Received, error) {
	var env envelope
	if err := json.Unmarshal(raw, &env); err != nil {
		return Received{}, fmt.Errorf("read delivery: not the JSON of an event: %w", helpdesk.ErrInvalid)
	}
	switch env.Type {
	case "url_verification":
		return Received{Skip: SkipChallenge, Challenge: env.Challenge}, nil
	case "app_rate_limited":
		return Received{Skip: SkipLimited}, nil
	case "event_callback":
		return parseCallback(env)
	}
	return Received{}, fmt.Errorf("read delivery: unknown envelope: %w", helpdesk.ErrInvalid)
}

func parseCallback(env envelope) (Received, error) {
	var in inner
	if err := json.Unmarshal(env.Event, &in); err != nil || in.Type == "" || env.EventID == "" {
		return Received{}, fmt.Errorf("read delivery: event without id, type or readable fields: %w", helpdesk.ErrInvalid)
	}
	r := Received{DeliveryID: env.EventID, Team: env.TeamID}
	self := ""
	if len(env.Authorizations) > 0 { // in a shared channel team_id may be the other side's
		a := env.Authorizations[0]
		r.Team = a.TeamID
		if a.IsBot {
			self = a.UserID
		}
		if a.IsOrgInstall {
			r.Skip = SkipOrgWide
			return r, nil
		}
	}
	r.Event = Event{
		Channel: firstNonEmpty(string(in.Channel), in.ChannelID, in.OldChannel),
		User:    string(in.User), NewChannel: in.NewChannel, TS: in.TS, Files: len(in.Files),
		At: instant(in.EventTS, in.TS, env.EventTime),
	}
	if in.Type == "message" {
		r.Event.Kind = KindMessage
		r.Skip = classifyMessage(env, in, self, &r)
		return r, nil
	}
	kind, handled := kinds[in.Type]
	switch {
	case !handled, in.Type == "tokens_revoked" && len(in.Tokens.Bot) == 0:
		r.Skip = SkipUnhandled
	case in.Type == "member_joined_channel" && self != "" && r.Event.User != self:
		r.Skip = SkipSelf
	case kind != KindUninstalled && r.Event.Channel == "":
		return Received{}, fmt.Errorf("read delivery: event without channel: %w", helpdesk.ErrInvalid)
	}
	r.Event.Kind = kind
	return r, nil
}

// classifyMessage decides what a message is to us and, where it may open a request or changes one, takes its text.
func classifyMessage(env envelope, in inner, self string, r *Received) Skip {
	switch {
	case r.Event.Channel == "":
		return SkipSubtype
	case in.Subtype == "message_changed" && in.Message != nil && in.Message.Subtype == "tombstone":
		return classifyDeleted(env, in.Message.TS, in.Previous, self, r)
	case in.Subtype == "message_changed" && in.Message != nil:
		return classifyEdited(env, in, self, r)
	case in.Subtype == "message_deleted":
		return classifyDeleted(env, in.DeletedTS, in.Previous, self, r)
	case in.Hidden || in.TS == "":
		return SkipSubtype
	case in.isReply():
		return classifyReply(env, in, self, r)
	case !openingSubtypes[in.Subtype]:
		return SkipSubtype
	}
	if skip := classifyAuthor(env, in, self, r); skip != "" {
		return skip
	}
	if _, err := helpdesk.ParseTS(in.TS); err != nil {
		return SkipSubtype
	}
	r.Text = []byte(in.Text)
	return ""
}

// isReply reports whether a message stands in a thread that another one began.
func (in inner) isReply() bool { return in.ThreadTS != "" && in.ThreadTS != in.TS }

// own reports whether we wrote a message.
func (in inner) own(env envelope, self string) bool {
	return self != "" && string(in.User) == self || in.AppID != "" && in.AppID == env.APIAppID
}

// classifyAuthor keeps ourselves and nobody out; whether a bot is listed, or people outside are read, is asked later.
func classifyAuthor(env envelope, in inner, self string, r *Received) Skip {
	switch {
	case in.own(env, self):
		return SkipSelf
	case in.BotID == "" && (in.User == "" || in.User == "USLACKBOT" || in.Subtype == "bot_message"):
		return SkipBot
	}
	author := firstNonEmpty(in.UserTeam, in.SourceTeam)
	r.Event.User, r.Event.Bot = string(in.User), in.BotID
	r.Event.External = author != "" && author != r.Team
	return ""
}

// replySubtypes is the allow-list of what counts in a thread.
var replySubtypes = map[string]bool{"": true, "file_share": true, "me_message": true, "thread_broadcast": true}

// classifyReply takes who and when of a thread message, and whether it is only thanks; never what it says.
func classifyReply(env envelope, in inner, self string, r *Received) Skip {
	if !replySubtypes[in.Subtype] {
		return SkipSubtype
	}
	if skip := classifyAuthor(env, in, self, r); skip != "" {
		return skip
	}
	if in.BotID != "" { // bots answer nobody
		return SkipBot
	}
	if _, err := helpdesk.ParseTS(in.ThreadTS); err != nil {
		return SkipSubtype
	}
	r.Event.Kind, r.Event.ThreadTS = KindReply, in.ThreadTS
	r.Event.Thanks = len(in.Files) == 0 && helpdesk.Thanks(in.Text)
	r.Event.At = instant(in.TS, in.EventTS, env.EventTime)
	return ""
}

// classifyEdited takes the new text of a message at the root. A preview of a link changes a message, too, but no text.
func classifyEdited(env envelope, in inner, self string, r *Received) Skip {
	m := *in.Message
	_, err := helpdesk.ParseTS(m.Edited.TS)
	switch {
	case m.isReply():
		return SkipReply
	case m.own(env, self):
		return SkipSelf
	case err != nil, in.Previous != nil && in.Previous.Text == m.Text:
		return SkipUnchanged
	case !openingSubtypes[m.Subtype]:
		return SkipSubtype
	}
	if skip := classifyAuthor(env, m, self, r); skip != "" {
		return skip
	}
	r.Event.Kind, r.Event.TS, r.Event.EditedTS = KindEdited, m.TS, m.Edited.TS
	r.Event.At = instant(m.Edited.TS, in.EventTS, env.EventTime)
	r.Text = []byte(m.Text)
	return ""
}

// classifyDeleted takes which message at the root is gone.
func classifyDeleted(env envelope, ts string, previous *inner, self string, r *Received) Skip {
	if _, err := helpdesk.ParseTS(ts); err != nil {
		return SkipSubtype
	}
	if previous != nil {
		switch {
		case previous.isReply():
			return SkipReply
		case previous.own(env, self):
			return SkipSelf
		}
	}
	r.Event.Kind, r.Event.TS, r.Event.User = KindDeleted, ts, ""
	return ""
}

// instant is when Slack says it happened: the event's own time, else the message's, else the envelope's.
func instant(eventTS, ts string, envelopeSeconds int64) time.Time {
	for _, s := range []string{eventTS, ts} {
		if t, err := helpdesk.ParseTS(s); err == nil {
			return t
		}
	}
	return time.Unix(envelopeSeconds, 0).UTC()
}

func firstNonEmpty(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}
