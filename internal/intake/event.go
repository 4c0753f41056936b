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
	KindJoined      Kind = "joined"      // the app was added to a channel, or its channel came back from the archive
	KindLeft        Kind = "left"        // the app was removed, or the channel archived or deleted
	KindRenumbered  Kind = "renumbered"  // Slack gave a channel a new id
	KindShared      Kind = "shared"      // people outside the workspace are in the channel now
	KindUnshared    Kind = "unshared"    // no longer
	KindUninstalled Kind = "uninstalled" // the app, or its bot token, is gone
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
	Files      int       `json:"files,omitempty"`
	At         time.Time `json:"at"` // by Slack's clock
}

// Skip is why a delivery is not stored; "" means that it is.
type Skip string

// Reasons for not storing a delivery. They label a counter.
const (
	SkipChallenge Skip = "challenge"  // Slack checks our address
	SkipUnhandled Skip = "unhandled"  // an event type nothing of ours follows
	SkipSubtype   Skip = "subtype"    // a message that is not on the allow-list
	SkipReply     Skip = "reply"      // in a thread
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
	Tokens     struct {
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

// classifyMessage decides whether a message may open a request and, if so, takes its text.
func classifyMessage(env envelope, in inner, self string, r *Received) Skip {
	switch {
	case !openingSubtypes[in.Subtype] || in.Hidden || in.TS == "" || r.Event.Channel == "":
		return SkipSubtype
	case in.ThreadTS != "" && in.ThreadTS != in.TS:
		return SkipReply
	case self != "" && r.Event.User == self, in.AppID != "" && in.AppID == env.APIAppID:
		return SkipSelf
	case in.BotID == "" && (r.Event.User == "" || r.Event.User == "USLACKBOT" || in.Subtype == "bot_message"):
		return SkipBot
	}
	if _, err := helpdesk.ParseTS(in.TS); err != nil {
		return SkipSubtype
	}
	r.Event.Bot = in.BotID
	author := firstNonEmpty(in.UserTeam, in.SourceTeam)
	r.Event.External = author != "" && author != r.Team
	r.Text = []byte(in.Text)
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
