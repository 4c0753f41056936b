package slacksim_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/slacksim"
)

type object = map[string]any

// bundle is the simulator, an app behind it, and a client with the app's token.
type bundle struct {
	t      *testing.T
	sim    *slacksim.Server
	url    string
	events chan object          // accepted or not, in order of arrival
	header chan http.Header     // of each event
	shown  chan object          // payloads of interactions
	answer func() (int, []byte) // of the app, to interactions
	status chan int             // answers to the next events; empty: 200
	client *slack.Client
}

func setup(t *testing.T) *bundle {
	t.Helper()
	return start(t, "")
}

func start(t *testing.T, file string) *bundle {
	t.Helper()
	b := &bundle{t: t, events: make(chan object, 100), header: make(chan http.Header, 100), shown: make(chan object, 10),
		status: make(chan int, 10), answer: func() (int, []byte) { return 200, nil }}
	mux := http.NewServeMux()
	mux.HandleFunc("POST /slack/events", func(w http.ResponseWriter, r *http.Request) { b.receive(w, r) })
	mux.HandleFunc("POST /slack/interactions", func(w http.ResponseWriter, r *http.Request) {
		var payload object
		if err := json.Unmarshal([]byte(b.verified(r).Get("payload")), &payload); err != nil {
			t.Error(err)
		}
		b.shown <- payload
		status, body := b.answer()
		w.Header().Set("Content-Type", "application/json")
		w.WriteHeader(status)
		if _, err := w.Write(body); err != nil {
			t.Error(err)
		}
	})
	mux.HandleFunc("POST /slack/commands", func(w http.ResponseWriter, r *http.Request) {
		b.shown <- object{"command": b.verified(r).Get("command")}
		fmt.Fprint(w, "hello")
	})
	mux.HandleFunc("GET /slack/install", func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, b.url+"/oauth/v2/authorize?client_id=1.2&scope=chat:write,channels:history,channels:read,groups:read,users:read&state=s", http.StatusFound)
	})
	mux.HandleFunc("GET /slack/oauth/callback", func(_ http.ResponseWriter, r *http.Request) {
		res, err := slack.GetOAuthV2ResponseContext(r.Context(), http.DefaultClient, "1.2", "client-secret", r.URL.Query().Get("code"), "", slack.OAuthOptionAPIURL(b.url+"/api/"))
		if err != nil {
			t.Error(err)
			return
		}
		b.client = slack.New(res.AccessToken, slack.OptionAPIURL(b.url+"/api/"))
	})
	app := httptest.NewServer(mux)
	manifest, err := json.Marshal(object{
		"display_information": object{"name": "Echo-Synch"},
		"features":            object{"slash_commands": []object{{"command": "/it", "url": app.URL + "/slack/commands"}}},
		"oauth_config": object{"redirect_urls": []string{app.URL + "/slack/oauth/callback"},
			"scopes": object{"bot": []string{"chat:write", "channels:history", "channels:read", "groups:read", "users:read"}}},
		"settings": object{
			"event_subscriptions": object{"request_url": app.URL + "/slack/events", "bot_events": []string{
				"message.channels", "member_joined_channel", "channel_left", "app_home_opened", "app_uninstalled", "tokens_revoked"}},
			"interactivity": object{"is_enabled": true, "request_url": app.URL + "/slack/interactions"},
		},
	})
	if err != nil {
		t.Fatal(err)
	}
	b.sim, err = slacksim.New(slacksim.Config{ClientID: "1.2", ClientSecret: "client-secret", SigningSecret: "signing", Manifest: manifest,
		StateFile: file, RetryDelays: []time.Duration{0, 0, 0}})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(b.sim)
	b.url = server.URL
	t.Cleanup(func() {
		if err := b.sim.Close(); err != nil {
			t.Error(err)
		}
		server.Close()
		app.Close()
	})
	return b
}

// installed has the app in #it-help; the joining event is read.
func installed(t *testing.T) *bundle {
	t.Helper()
	b := setup(t)
	b.control("reinstall", object{})
	b.control("invite", object{"channel": "C0ITHELP"})
	if e := b.event(); e["type"] != "member_joined_channel" {
		t.Fatalf("first event is %v", e)
	}
	return b
}

// verified checks the signature and parses the form.
func (b *bundle) verified(r *http.Request) interface{ Get(string) string } {
	body, err := io.ReadAll(r.Body)
	if err != nil {
		b.t.Error(err)
	}
	v, err := slack.NewSecretsVerifier(r.Header, "signing")
	if err != nil {
		b.t.Error(err)
	}
	_, err = v.Write(body)
	if err := errors.Join(err, v.Ensure()); err != nil {
		b.t.Error(err)
	}
	r.Body = io.NopCloser(bytes.NewReader(body))
	if err := r.ParseForm(); err != nil {
		b.t.Error(err)
	}
	return r.Form
}

func (b *bundle) receive(w http.ResponseWriter, r *http.Request) {
	body, _ := io.ReadAll(r.Body)
	r.Body = io.NopCloser(bytes.NewReader(body))
	b.verified(r)
	var envelope object
	if err := json.Unmarshal(body, &envelope); err != nil {
		b.t.Error(err)
	}
	select {
	case status := <-b.status:
		w.WriteHeader(status)
	default:
	}
	b.header <- r.Header
	b.events <- envelope
}

func (b *bundle) envelope() object {
	b.t.Helper()
	select {
	case e := <-b.events:
		<-b.header
		return e
	case <-time.After(10 * time.Second):
		b.t.Fatal("no event")
		return nil
	}
}

func (b *bundle) event() object {
	b.t.Helper()
	inner, _ := b.envelope()["event"].(object)
	return inner
}

func (b *bundle) control(name string, in object) object {
	b.t.Helper()
	status, out := b.try(name, in)
	if status != http.StatusOK {
		b.t.Fatalf("control %s: %v", name, out)
	}
	return out
}

func (b *bundle) try(name string, in object) (int, object) {
	b.t.Helper()
	body, _ := json.Marshal(in)
	res, err := http.Post(b.url+"/sim/"+name, "application/json", bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var out object
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		b.t.Fatal(err)
	}
	return res.StatusCode, out
}

func code(err error) string {
	var refused slack.SlackErrorResponse
	if errors.As(err, &refused) {
		return refused.Err
	}
	if err != nil {
		return err.Error()
	}
	return ""
}

func TestMessageReachesTheAppAndIsAnsweredInItsThread(t *testing.T) {
	t.Parallel()
	b := installed(t)
	ts := b.control("post", object{"channel": "C0ITHELP", "user": "U0RITA", "text": "VPN drops"})["ts"].(string)
	if e := b.event(); e["text"] != "VPN drops" || e["ts"] != ts || e["channel_type"] != "channel" {
		t.Fatalf("event %v", e)
	}
	_, at, err := b.client.PostMessage("C0ITHELP", slack.MsgOptionText("receipt", false), slack.MsgOptionTS(ts),
		slack.MsgOptionMetadata(slack.SlackMetadata{EventType: "op", EventPayload: map[string]any{"id": "1"}}))
	if err != nil {
		t.Fatal(err)
	}
	if e := b.event(); e["bot_id"] == nil || e["thread_ts"] != ts {
		t.Fatalf("own post %v", e)
	}
	replies, _, _, err := b.client.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: "C0ITHELP", Timestamp: ts, IncludeAllMetadata: true})
	if err != nil || len(replies) != 2 || replies[1].Timestamp != at || replies[1].Metadata.EventType != "op" {
		t.Fatalf("replies %v, %v", replies, err)
	}
}

func TestReplyToMissingParentLandsAtTheRoot(t *testing.T) {
	t.Parallel()
	b := installed(t)
	if _, _, err := b.client.PostMessage("C0ITHELP", slack.MsgOptionText("x", false), slack.MsgOptionTS("1700000000.000100")); err != nil {
		t.Fatal(err)
	}
	if e := b.event(); e["thread_ts"] != nil {
		t.Fatalf("event %v", e)
	}
}

func TestDeletedParentLeavesTombstone(t *testing.T) {
	t.Parallel()
	b := installed(t)
	ts := b.control("post", object{"channel": "C0ITHELP", "user": "U0RITA", "text": "a"})["ts"]
	b.event()
	b.control("post", object{"channel": "C0ITHELP", "user": "U0SAM", "text": "b", "thread_ts": ts})
	b.event()
	b.control("delete", object{"channel": "C0ITHELP", "ts": ts})
	if e := b.event(); e["subtype"] != "message_changed" || e["message"].(object)["subtype"] != "tombstone" {
		t.Fatalf("event %v", e)
	}
}

func TestRefusals(t *testing.T) {
	t.Parallel()
	b := installed(t)
	post := func(channel, text string, more ...slack.MsgOption) error {
		_, _, err := b.client.PostMessage(channel, append(more, slack.MsgOptionText(text, false))...)
		return err
	}
	_, noSuch := b.client.GetUserInfo("U0NOBODY")
	_, _, _, noParent := b.client.GetConversationReplies(&slack.GetConversationRepliesParameters{ChannelID: "C0ITHELP", Timestamp: "1.2"})
	_, _, _, notOurs := b.client.UpdateMessage("C0ITHELP", "1.2", slack.MsgOptionText("x", false))
	_, noToken := slack.New("", slack.OptionAPIURL(b.url+"/api/")).AuthTest()
	_, badToken := slack.New("xoxb-no", slack.OptionAPIURL(b.url+"/api/")).AuthTest()
	cases := map[string]struct {
		err  error
		want string
	}{
		"private channel": {post("C0ITSTAFF", "x"), "channel_not_found"},
		"not invited":     {post("C0GENERAL", "x"), "not_in_channel"},
		"empty":           {post("C0ITHELP", ""), "no_text"},
		"long":            {post("C0ITHELP", strings.Repeat("x", 40001)), "msg_too_long"},
		"blocks":          {post("C0ITHELP", "x", slack.MsgOptionBlocks(slack.NewSectionBlock(slack.NewTextBlockObject("mrkdwn", "", false, false), nil, nil))), "invalid_blocks"},
		"scope":           {b.client.AddReaction("eyes", slack.NewRefToMessage("C0ITHELP", "1.2")), "missing_scope"},
		"user":            {noSuch, "user_not_found"},
		"thread":          {noParent, "thread_not_found"},
		"update":          {notOurs, "message_not_found"},
		"no token":        {noToken, "not_authed"},
		"bad token":       {badToken, "invalid_auth"},
	}
	for name, c := range cases {
		if code(c.err) != c.want {
			t.Errorf("%s: got %v, want %s", name, c.err, c.want)
		}
	}
}

func TestEventIsRepeatedUntilAccepted(t *testing.T) {
	t.Parallel()
	b := installed(t)
	b.status <- 503
	b.status <- 500
	b.control("post", object{"channel": "C0ITHELP", "user": "U0RITA", "text": "a"})
	var id any
	for i, num := range []string{"", "1", "2"} {
		e := <-b.events
		if h := <-b.header; h.Get("X-Slack-Retry-Num") != num {
			t.Errorf("delivery %d has number %q", i, h.Get("X-Slack-Retry-Num"))
		}
		if id != nil && id != e["event_id"] {
			t.Errorf("event id changed")
		}
		id = e["event_id"]
	}
}

func TestSameEventInParallel(t *testing.T) {
	t.Parallel()
	b := installed(t)
	out := b.control("event", object{"event": object{"type": "message", "channel": "C0ITHELP"}, "repeat": 4})
	for range 4 {
		if e := b.envelope(); e["event_id"] != out["event_id"] {
			t.Errorf("event %v", e)
		}
	}
}

func TestFaults(t *testing.T) {
	t.Parallel()
	b := installed(t)
	b.control("fault", object{"method": "auth.test", "status": 429, "times": 1})
	var limited *slack.RateLimitedError
	if _, err := b.client.AuthTest(); !errors.As(err, &limited) || limited.RetryAfter != time.Second {
		t.Errorf("got %v", err)
	}
	b.control("fault", object{"method": "chat.postMessage", "after": true, "times": 1})
	if _, _, err := b.client.PostMessage("C0ITHELP", slack.MsgOptionText("once", false)); err == nil {
		t.Error("the answer was not lost")
	}
	if e := b.event(); e["text"] != "once" {
		t.Errorf("event %v", e)
	}
	if _, err := b.client.AuthTest(); err != nil {
		t.Error(err)
	}
}

func TestButtonOpensModalThatIsSubmitted(t *testing.T) {
	t.Parallel()
	b := installed(t)
	button := slack.NewActionBlock("a", slack.NewButtonBlockElement("take", "7", slack.NewTextBlockObject("plain_text", "Take it", false, false)))
	_, ts, err := b.client.PostMessage("C0ITHELP", slack.MsgOptionText("receipt", false), slack.MsgOptionBlocks(button))
	if err != nil {
		t.Fatal(err)
	}
	b.control("click", object{"channel": "C0ITHELP", "message_ts": ts, "user": "U0DANA", "action_id": "take"})
	payload := <-b.shown
	raw, _ := json.Marshal(payload)
	var callback slack.InteractionCallback
	if err := json.Unmarshal(raw, &callback); err != nil || callback.ActionCallback.BlockActions[0].Value != "7" || callback.User.ID != "U0DANA" {
		t.Fatalf("callback %s: %v", raw, err)
	}
	input := slack.NewInputBlock("why", slack.NewTextBlockObject("plain_text", "Why", false, false), nil, slack.NewPlainTextInputBlockElement(nil, "why"))
	view := slack.ModalViewRequest{Type: "modal", Title: slack.NewTextBlockObject("plain_text", "T", false, false),
		Submit: slack.NewTextBlockObject("plain_text", "Go", false, false), Blocks: slack.Blocks{BlockSet: []slack.Block{input}}}
	opened, err := b.client.OpenView(callback.TriggerID, view)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := b.client.OpenView(callback.TriggerID, view); code(err) != "trigger_exchanged" {
		t.Errorf("second open: %v", err)
	}
	in := object{"view_id": opened.ID, "user": "U0DANA", "values": object{}}
	if out := b.control("submit", in); out["response_action"] != "errors" {
		t.Errorf("empty form: %v", out)
	}
	in["values"] = object{"why": "because"}
	b.answer = func() (int, []byte) { return 200, []byte(`{"response_action":"errors","errors":{"why":"no"}}`) }
	if out := b.control("submit", in); out["errors"].(object)["why"] != "no" {
		t.Errorf("refused form: %v", out)
	}
	<-b.shown
	b.answer = func() (int, []byte) { return 200, nil }
	b.control("submit", in)
	<-b.shown
	if status, _ := b.try("submit", in); status != http.StatusBadRequest {
		t.Error("the modal is still open")
	}
}

func TestCommand(t *testing.T) {
	t.Parallel()
	b := installed(t)
	b.control("command", object{"channel": "C0ITHELP", "user": "U0RITA", "command": "/it", "text": "help"})
	<-b.shown
	if e := b.state()["ephemerals"].([]any); len(e) != 1 || e[0].(object)["text"] != "hello" {
		t.Errorf("ephemerals %v", e)
	}
}

func (b *bundle) state() object {
	b.t.Helper()
	res, err := http.Get(b.url + "/sim/state")
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var out object
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil {
		b.t.Fatal(err)
	}
	return out
}

func TestUninstallEndsTheTokenAndReinstallWorks(t *testing.T) {
	t.Parallel()
	b := installed(t)
	b.control("uninstall", object{})
	got := map[any]bool{b.event()["type"]: true, b.event()["type"]: true}
	if !got["app_uninstalled"] || !got["tokens_revoked"] {
		t.Errorf("events %v", got)
	}
	if _, err := b.client.AuthTest(); code(err) != "account_inactive" {
		t.Errorf("old token: %v", err)
	}
	b.control("reinstall", object{})
	if _, err := b.client.AuthTest(); err != nil {
		t.Error(err)
	}
}

func TestWorldSurvivesRestart(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "slack.json")
	b := start(t, file)
	b.control("reinstall", object{})
	b.control("post", object{"channel": "C0ITHELP", "user": "U0RITA", "text": "kept"})
	if err := b.sim.Close(); err != nil {
		t.Fatal(err)
	}
	again := start(t, file)
	raw, _ := json.Marshal(again.state())
	if !strings.Contains(string(raw), `"kept"`) || !strings.Contains(string(raw), `"installed":true`) {
		t.Errorf("state %s", raw)
	}
}

func TestEnvelopeHasTheKeysOfTheFixture(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../shared/fixtures/slack/synthetic/event_message_top_level.json")
	if err != nil {
		return // the fixtures are not everywhere
	}
	var want object
	if err := json.Unmarshal(raw, &want); err != nil {
		t.Fatal(err)
	}
	b := installed(t)
	b.control("post", object{"channel": "C0ITHELP", "user": "U0RITA", "text": "a"})
	got := b.envelope()
	for k := range want {
		if _, ok := got[k]; !ok {
			t.Errorf("envelope lacks %s", k)
		}
	}
	inner := got["event"].(object)
	for k := range want["event"].(object) {
		if _, ok := inner[k]; !ok {
			t.Errorf("event lacks %s", k)
		}
	}
}

func TestPageIsServed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, path := range []string{"/", "/static/app.js", "/static/style.css"} {
		res, err := http.Get(b.url + path)
		if err != nil {
			t.Fatal(err)
		}
		res.Body.Close()
		if res.StatusCode != http.StatusOK {
			t.Errorf("%s: %d", path, res.StatusCode)
		}
	}
}
