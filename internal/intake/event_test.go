package intake_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/intake"
	"github.com/echo-synch/echo-synch/internal/slackapi"
)

// What follows a message is taken as who and when, and never as what; an edit alone brings text.
func TestParseReadsWhatFollowsAMessage(t *testing.T) {
	t.Parallel()
	const (
		root = `"ts":"1700000000.000100"`
		head = `{"type":"message","channel":"C1","event_ts":"1700000099.000100",`
		old  = `"previous_message":{"type":"message","user":"U1","text":"old",` + root + `}`
	)
	at := func(s string) time.Time {
		instant, err := helpdesk.ParseTS(s)
		if err != nil {
			t.Fatal(err)
		}
		return instant
	}
	reply := intake.Event{
		Kind: intake.KindReply, Channel: "C1", User: "U1", TS: "1700000050.000100", ThreadTS: "1700000000.000100", At: at("1700000050.000100"),
	}
	thanks := reply
	thanks.Thanks = true
	edited := intake.Event{
		Kind: intake.KindEdited, Channel: "C1", User: "U1", TS: "1700000000.000100", EditedTS: "1700000060.000000", At: at("1700000060.000000"),
	}
	deleted := intake.Event{Kind: intake.KindDeleted, Channel: "C1", TS: "1700000000.000100", At: at("1700000099.000100")}
	for name, tt := range map[string]struct {
		inner string
		skip  intake.Skip
		want  intake.Event
		text  string
	}{
		"a reply": {inner: head + `"user":"U1","text":"still broken","ts":"1700000050.000100","thread_ts":"1700000000.000100"}`, want: reply},
		"only thanks": {
			inner: head + `"user":"U1","text":"thanks","ts":"1700000050.000100","thread_ts":"1700000000.000100"}`, want: thanks,
		},
		"a reply also in the channel": {
			inner: head + `"user":"U1","text":"x","subtype":"thread_broadcast","ts":"1700000050.000100","thread_ts":"1700000000.000100"}`, want: reply,
		},
		"an edit": {
			inner: head + `"subtype":"message_changed","hidden":true,"ts":"1700000060.000200","message":{"type":"message","user":"U1","text":"new",` +
				root + `,"edited":{"user":"U1","ts":"1700000060.000000"}},` + old + `}`,
			want: edited, text: "new",
		},
		"a link's preview": {
			inner: head + `"subtype":"message_changed","hidden":true,"ts":"1700000060.000200","message":{"type":"message","user":"U1","text":"old",` +
				root + `},` + old + `}`,
			skip: intake.SkipUnchanged,
		},
		"an edit in a thread": {
			inner: head + `"subtype":"message_changed","hidden":true,"ts":"1700000060.000200","message":{"type":"message","user":"U1","text":"new",` +
				root + `,"thread_ts":"1600000000.000100","edited":{"user":"U1","ts":"1700000060.000000"}}}`,
			skip: intake.SkipReply,
		},
		"our own update": {
			inner: head + `"subtype":"message_changed","hidden":true,"ts":"1700000060.000200","message":{"type":"message","user":"UBOT","text":"new",` +
				root + `,"edited":{"user":"UBOT","ts":"1700000060.000000"}}}`,
			skip: intake.SkipSelf,
		},
		"a deletion": {
			inner: head + `"subtype":"message_deleted","hidden":true,"ts":"1700000099.000100","deleted_ts":"1700000000.000100",` + old + `}`, want: deleted,
		},
		"a deletion that leaves a tombstone": {
			inner: head + `"subtype":"message_changed","hidden":true,"ts":"1700000099.000100","message":{"type":"message","subtype":"tombstone",
				"user":"USLACKBOT","hidden":true,"text":"This message was deleted.",` + root + `,"thread_ts":"1700000000.000100"},` + old + `}`, want: deleted,
		},
		"a deleted reply": {
			inner: head + `"subtype":"message_deleted","hidden":true,"ts":"1700000099.000100","deleted_ts":"1700000000.000100",
				"previous_message":{"user":"U1","text":"x",` + root + `,"thread_ts":"1600000000.000100"}}`,
			skip: intake.SkipReply,
		},
		"our own, deleted": {
			inner: head + `"subtype":"message_deleted","hidden":true,"ts":"1700000099.000100","deleted_ts":"1700000000.000100",
				"previous_message":{"user":"UBOT","text":"x",` + root + `}}`,
			skip: intake.SkipSelf,
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := intake.Parse(event(tt.inner))
			if err != nil || r.Skip != tt.skip || string(r.Text) != tt.text {
				t.Fatalf("skip %q, text %q, %v", r.Skip, r.Text, err)
			}
			if tt.skip == "" && r.Event != tt.want {
				t.Errorf("\n got %+v\nwant %+v", r.Event, tt.want)
			}
		})
	}
}

func TestParseInteractionReadsPresses(t *testing.T) {
	t.Parallel()
	id := helpdesk.NewRequestID()
	press := func(action string) []byte {
		return fmt.Appendf(nil, `{"type":"block_actions","trigger_id":"1.2.abc","team":{"id":"T1"},"user":{"id":"U1","team_id":"T9"},
			"container":{"type":"message","message_ts":"1700000050.000100","channel_id":"C1"},"message":{"blocks":[{"type":"hologram"}]},
			"actions":[%s]}`, action)
	}
	now := time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)
	for name, tt := range map[string]struct {
		payload []byte
		skip    intake.Skip
		want    intake.Press
	}{
		"a button": {
			payload: press(`{"type":"button","action_id":"take","block_id":"request/` + id.String() + `","value":"7","action_ts":"1700000060.000100"}`),
			want:    intake.Press{Request: id, Action: helpdesk.Take, Seen: 7},
		},
		"a menu": {
			payload: press(`{"type":"static_select","action_id":"priority","block_id":"request/` + id.String() + `","selected_option":{"value":"low"},"action_ts":"1700000060.000100"}`),
			want:    intake.Press{Request: id, Action: helpdesk.SetPriority, Value: "low"},
		},
		"a block of nobody":   {payload: press(`{"action_id":"take","block_id":"abc"}`), skip: intake.SkipUnhandled},
		"a block of no id":    {payload: press(`{"action_id":"take","block_id":"request/42"}`), skip: intake.SkipUnhandled},
		"nothing pressed":     {payload: press(``), skip: intake.SkipUnhandled},
		"a view":              {payload: []byte(`{"type":"view_submission","team":{"id":"T1"}}`), skip: intake.SkipUnhandled},
		"an org-wide install": {payload: []byte(`{"type":"block_actions","is_enterprise_install":true}`), skip: intake.SkipOrgWide},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := intake.ParseInteraction(tt.payload, now)
			if err != nil || r.Skip != tt.skip {
				t.Fatalf("skip %q, %v", r.Skip, err)
			}
			if tt.skip != "" {
				return
			}
			if r.Event.Press == nil || *r.Event.Press != tt.want || r.Event.User != "U1" || r.Team != "T1" || r.DeliveryID != "1.2.abc" {
				t.Errorf("got %+v, press %+v", r, r.Event.Press)
			}
		})
	}
	for _, payload := range []string{``, `[]`, `{"type":1}`, `{}`} {
		if _, err := intake.ParseInteraction([]byte(payload), now); !errors.Is(err, helpdesk.ErrInvalid) {
			t.Errorf("%q: %v, want ErrInvalid", payload, err)
		}
	}
}

// event wraps an inner event as Slack delivers it to the workspace T1, whose bot user is UBOT.
func event(inner string) []byte {
	return fmt.Appendf(nil, `{"type":"event_callback","event_id":"Ev1","team_id":"TOTHER","api_app_id":"A1","event_time":1700000000,
		"authorizations":[{"team_id":"T1","user_id":"UBOT","is_bot":true}],"event":%s}`, inner)
}

func TestParseDecidesWhatOpensARequest(t *testing.T) {
	t.Parallel()
	const head = `{"type":"message","channel":"C1","channel_type":"channel","ts":"1700000000.000100","event_ts":"1700000000.000100"`
	for name, tt := range map[string]struct {
		inner string
		want  intake.Skip
	}{
		"a person's message": {head + `,"user":"U1","text":"x"}`, ""},
		"with files":         {head + `,"user":"U1","text":"","subtype":"file_share","files":[{},{}]}`, ""},
		"/me":                {head + `,"user":"U1","text":"x","subtype":"me_message"}`, ""},
		"its own thread":     {head + `,"user":"U1","text":"x","thread_ts":"1700000000.000100"}`, ""},
		"unknown blocks":     {head + `,"user":"U1","text":"x","blocks":[{"type":"hologram","elements":[{"type":"smell"}]}]}`, ""},
		"a bot's message":    {head + `,"bot_id":"B1","text":"x","subtype":"bot_message"}`, ""}, // whether it is listed is asked later
		"a bot's reply":      {head + `,"user":"U1","bot_id":"B1","text":"x","thread_ts":"1600000000.000100"}`, intake.SkipBot},
		"our own reply":      {head + `,"user":"UBOT","text":"x","thread_ts":"1600000000.000100"}`, intake.SkipSelf},
		"somebody joins":     {head + `,"user":"U1","text":"x","subtype":"channel_join"}`, intake.SkipSubtype},
		"an edit of nothing": {head + `,"subtype":"message_changed","message":{"text":"x"}}`, intake.SkipUnchanged},
		"a future subtype":   {head + `,"user":"U1","text":"x","subtype":"telepathy"}`, intake.SkipSubtype},
		"hidden":             {head + `,"user":"U1","text":"x","hidden":true}`, intake.SkipSubtype},
		"ourselves by user":  {head + `,"user":"UBOT","text":"x"}`, intake.SkipSelf},
		"ourselves by app":   {head + `,"user":"U9","bot_id":"B9","app_id":"A1","text":"x"}`, intake.SkipSelf},
		"Slackbot":           {head + `,"user":"USLACKBOT","text":"x"}`, intake.SkipBot},
		"nobody":             {head + `,"text":"x"}`, intake.SkipBot},
		"a broken ts":        {`{"type":"message","channel":"C1","user":"U1","text":"x","ts":"now"}`, intake.SkipSubtype},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := intake.Parse(event(tt.inner))
			if err != nil || r.Skip != tt.want {
				t.Fatalf("skip = %q, %v; want %q", r.Skip, err, tt.want)
			}
			if (r.Text != nil) != (tt.want == "") {
				t.Errorf("text taken: %v", r.Text != nil)
			}
			if r.Team != "T1" {
				t.Errorf("team %q: the authorization's decides, not the envelope's", r.Team)
			}
		})
	}
}

func TestParseReadsWhatAMessageIs(t *testing.T) {
	t.Parallel()
	r, err := intake.Parse(event(`{"type":"message","channel":"C1","user":"U1","user_team":"T2","text":"VPN drops","ts":"1700000000.000100",
		"subtype":"file_share","files":[{"id":"F1","name":"secret.png"},{}]}`))
	if err != nil {
		t.Fatal(err)
	}
	want := intake.Event{
		Kind: intake.KindMessage, Channel: "C1", User: "U1", TS: "1700000000.000100", Files: 2, External: true,
		At: time.UnixMicro(1700000000000100).UTC(),
	}
	if r.Event != want || string(r.Text) != "VPN drops" || r.DeliveryID != "Ev1" {
		t.Errorf("got %+v, %q", r.Event, r.Text)
	}
	refs, err := json.Marshal(r.Event)
	if err != nil || strings.Contains(string(refs), "VPN") || strings.Contains(string(refs), "secret") {
		t.Errorf("refs hold what a person wrote: %s, %v", refs, err)
	}
}

func TestParseChannelEvents(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		inner string
		kind  intake.Kind
		skip  intake.Skip
	}{
		"we join":           {`{"type":"member_joined_channel","user":"UBOT","channel":"C1"}`, intake.KindJoined, ""},
		"another joins":     {`{"type":"member_joined_channel","user":"U1","channel":"C1"}`, intake.KindJoined, intake.SkipSelf},
		"we leave":          {`{"type":"channel_left","channel":"C1","actor_id":"U1"}`, intake.KindLeft, ""},
		"we leave private":  {`{"type":"group_left","channel":"G1"}`, intake.KindLeft, ""},
		"archived":          {`{"type":"channel_archive","channel":"C1","user":"U1"}`, intake.KindLeft, ""},
		"deleted":           {`{"type":"channel_deleted","channel":"C1"}`, intake.KindLeft, ""},
		"back":              {`{"type":"channel_unarchive","channel":"C1","user":"U1"}`, intake.KindJoined, ""},
		"new id":            {`{"type":"channel_id_changed","old_channel_id":"G1","new_channel_id":"C1"}`, intake.KindRenumbered, ""},
		"shared":            {`{"type":"channel_shared","channel":"C1","connected_team_id":"T2"}`, intake.KindShared, ""},
		"uninstalled":       {`{"type":"app_uninstalled"}`, intake.KindUninstalled, ""},
		"bot token revoked": {`{"type":"tokens_revoked","tokens":{"bot":["UBOT"]}}`, intake.KindUninstalled, ""},
		"user token":        {`{"type":"tokens_revoked","tokens":{"oauth":["U1"]}}`, intake.KindUninstalled, intake.SkipUnhandled},
		"renamed":           {`{"type":"channel_rename","channel":{"id":"C1","name":"x"}}`, "", intake.SkipUnhandled},
		"anything":          {`{"type":"hologram_shown"}`, "", intake.SkipUnhandled},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r, err := intake.Parse(event(tt.inner))
			if err != nil || r.Event.Kind != tt.kind || r.Skip != tt.skip {
				t.Errorf("got kind %q, skip %q, %v", r.Event.Kind, r.Skip, err)
			}
		})
	}
}

func TestParseUnreadable(t *testing.T) {
	t.Parallel()
	for _, body := range []string{
		``, `x`, `[]`, `{}`, `null`, `{"type":"event_callback"}`, `{"type":"event_callback","event_id":"E","event":[]}`,
		`{"type":"event_callback","event":{"type":"message"}}`, `{"type":"telegram"}`,
		string(event(`{"type":"channel_left"}`)),
	} {
		_, err := intake.Parse([]byte(body))
		if !errors.Is(err, helpdesk.ErrInvalid) {
			t.Errorf("Parse(%q) = %v, want ErrInvalid", body, err)
		}
	}
}

// Slack is asked for exactly what is handled: an event more is noise, an event less never comes.
func TestEventsSubscribedAreEventsHandled(t *testing.T) {
	t.Parallel()
	var subscribed []string
	for _, e := range slackapi.BotEvents() {
		e, _, _ = strings.Cut(e, ".") // message.channels is delivered as message
		subscribed = append(subscribed, e)
	}
	handled := intake.HandledEvents()
	slices.Sort(subscribed)
	slices.Sort(handled)
	if got := slices.Compact(subscribed); !slices.Equal(got, handled) {
		t.Errorf("subscribed %v\nhandled    %v", got, handled)
	}
}

func FuzzParse(f *testing.F) {
	f.Add(event(`{"type":"message","channel":"C1","user":"U1","text":"x","ts":"1700000000.000100"}`))
	files, _ := filepath.Glob("../../../shared/fixtures/slack/*/*.json")
	for _, file := range files {
		if raw, err := os.ReadFile(file); err == nil {
			f.Add(raw)
			f.Add(event(string(raw)))
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		r, err := intake.Parse(raw)
		if err != nil && !errors.Is(err, helpdesk.ErrInvalid) {
			t.Errorf("Parse = %v, want nil or ErrInvalid", err)
		}
		if r.Text != nil && (r.Skip != "" || r.Event.Kind != intake.KindMessage && r.Event.Kind != intake.KindEdited) {
			t.Error("text was taken of what neither opens a request nor changes one")
		}
	})
}
