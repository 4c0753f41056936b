package slackapi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"net/http/httptest"
	"net/url"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/internal/slacksim"
)

type object = map[string]any

// bundle is a simulated Slack with our app installed and invited to #it-help.
type bundle struct {
	*slackapi.Session
	t     *testing.T
	api   *slackapi.API
	url   string
	grant slackapi.Grant
}

const help = "C0ITHELP"

func setup(t *testing.T) *bundle {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) // takes every event
	t.Cleanup(app.Close)
	manifest, err := json.Marshal(slackapi.NewManifest(app.URL))
	if err != nil {
		t.Fatal(err)
	}
	sim, err := slacksim.New(slacksim.Config{ClientID: "1.2", ClientSecret: "client-secret", SigningSecret: "signing", Manifest: manifest})
	if err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(sim)
	t.Cleanup(server.Close)
	t.Cleanup(func() {
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	b := &bundle{t: t, url: server.URL, api: slackapi.New(server.URL+"/api/", nil)}
	b.grant = b.authorize(app.URL + "/slack/oauth/callback")
	b.Session = b.api.As(b.grant.Token)
	b.control("invite", object{"channel": help})
	return b
}

// authorize is a browser on the consent page whose owner presses Allow, and the exchange after it.
func (b *bundle) authorize(redirect string) slackapi.Grant {
	b.t.Helper()
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	page, err := browser.Get(b.api.AuthorizeURL("1.2", redirect, "state") + "&sim_allow=1&sim_user=U0ALEX")
	if err != nil {
		b.t.Fatal(err)
	}
	defer page.Body.Close()
	back, err := url.Parse(page.Header.Get("Location"))
	if err != nil || back.Query().Get("state") != "state" {
		b.t.Fatalf("consent led to %q: %v", page.Header.Get("Location"), err)
	}
	grant, err := b.api.Exchange(b.t.Context(), "1.2", secret.New("client-secret"), back.Query().Get("code"), redirect)
	if err != nil {
		b.t.Fatal(err)
	}
	return grant
}

func (b *bundle) control(name string, in object) object {
	b.t.Helper()
	body, err := json.Marshal(in)
	if err != nil {
		b.t.Fatal(err)
	}
	res, err := http.Post(b.url+"/sim/"+name, "application/json", bytes.NewReader(body))
	if err != nil {
		b.t.Fatal(err)
	}
	defer res.Body.Close()
	var out object
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != http.StatusOK {
		b.t.Fatalf("control %s: %d %v: %v", name, res.StatusCode, out, err)
	}
	return out
}

// opening posts a message of Rita's and gives its ts.
func (b *bundle) opening() string {
	b.t.Helper()
	ts, _ := b.control("post", object{"channel": help, "user": "U0RITA", "text": text})["ts"].(string)
	return ts
}

// reply is a message of ours in the thread of ts.
func reply(ts string) slackapi.Message {
	m := message()
	m.Channel, m.ThreadTS = help, ts
	return m
}

func kind(err error) slackapi.Kind {
	var refused *slackapi.Error
	if errors.As(err, &refused) {
		return refused.Kind
	}
	return ""
}

func TestInstall(t *testing.T) {
	t.Parallel()
	b := setup(t)
	g := b.grant
	if g.Team != "T0ACME" || g.Installer != "U0ALEX" || g.BotUser == "" || g.AppID == "" || g.Enterprise || g.Token.IsZero() {
		t.Errorf("grant %+v", g)
	}
	if slices.Sort(g.Scopes); !slices.Equal(g.Scopes, slackapi.BotScopes()) {
		t.Errorf("scopes %v, want %v", g.Scopes, slackapi.BotScopes())
	}
	if _, err := b.api.Exchange(t.Context(), "1.2", secret.New("client-secret"), "spent", ""); kind(err) != slackapi.Rejected {
		t.Errorf("a wrong code: %v", err)
	}
	if err := b.Alive(t.Context()); err != nil {
		t.Error(err)
	}
	if err := b.Revoke(t.Context()); err != nil {
		t.Error(err)
	}
	if err := b.Alive(t.Context()); kind(err) != slackapi.TokenDead {
		t.Errorf("after revoking: %v", err)
	}
}

func TestLookUp(t *testing.T) {
	t.Parallel()
	b := setup(t)
	user, err := b.User(t.Context(), "U0ALEX")
	if err != nil || user.Zone == "" || user.Bot || user.Restricted || user.Deleted {
		t.Errorf("Alex is %+v: %v", user, err)
	}
	bot, err := b.User(t.Context(), b.grant.BotUser)
	if err != nil || !bot.Bot {
		t.Errorf("the app is %+v: %v", bot, err)
	}
	b.control("share", object{"channel": help, "shared": true})
	channel, err := b.Channel(t.Context(), help)
	if want := (slackapi.Channel{External: true, Member: true}); err != nil || channel != want {
		t.Errorf("channel is %+v: %v, want %+v", channel, err, want)
	}
	b.control("kick", object{"channel": help})
	b.control("archive", object{"channel": help})
	channel, err = b.Channel(t.Context(), help)
	if want := (slackapi.Channel{External: true, Archived: true}); err != nil || channel != want {
		t.Errorf("channel is %+v: %v, want %+v", channel, err, want)
	}
}

func TestPostUpdateDelete(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := reply(b.opening())
	posted, err := b.Post(t.Context(), m)
	if err != nil || posted.ThreadTS != m.ThreadTS {
		t.Fatalf("posted %+v: %v", posted, err)
	}
	m.Text = "new text"
	if err := b.Update(t.Context(), posted.TS, m); err != nil {
		t.Error(err)
	}
	if found, ok, err := b.Find(t.Context(), m, time.Now()); err != nil || !ok || found != posted {
		t.Errorf("after an update found %+v, %v: %v; want %+v", found, ok, err, posted)
	}
	if err := b.Delete(t.Context(), help, posted.TS); err != nil {
		t.Error(err)
	}
	if err := b.Update(t.Context(), posted.TS, m); kind(err) != slackapi.MessageGone {
		t.Errorf("update of a deleted message: %v", err)
	}
	if err := b.Delete(t.Context(), help, posted.TS); kind(err) != slackapi.MessageGone {
		t.Errorf("delete of a deleted message: %v", err)
	}
}

// A message without blocks must not arrive with the word "null" for blocks.
func TestPostWithoutBlocks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := reply(b.opening())
	m.Blocks = nil
	if _, err := b.Post(t.Context(), m); err != nil {
		t.Error(err)
	}
}

// The answer to a post is lost: whether it stands there is found out, never guessed.
func TestFindAfterALostAnswer(t *testing.T) {
	t.Parallel()
	b := setup(t)
	root := reply("")
	for name, tt := range map[string]struct {
		message slackapi.Message
		after   bool
	}{
		"reply, posted":          {reply(b.opening()), true},
		"reply, not posted":      {reply(b.opening()), false},
		"channel root, posted":   {root, true},
		"another, never posted ": {slackapi.Message{Channel: help, Operation: "another"}, false},
	} {
		since := time.Now()
		b.control("fault", object{"method": "chat.postMessage", "times": 1, "after": tt.after})
		if _, err := b.Post(t.Context(), tt.message); kind(err) != slackapi.Ambiguous {
			t.Errorf("%s: post: %v", name, err)
		}
		found, ok, err := b.Find(t.Context(), tt.message, since)
		if err != nil || ok != tt.after || found.ThreadTS != "" && found.ThreadTS != tt.message.ThreadTS {
			t.Errorf("%s: found %+v, %v: %v", name, found, ok, err)
		}
	}
}

// Behaviour 8: where the message is gone, Slack puts the reply at the channel root and says so by leaving thread_ts out.
func TestReplyWithoutParent(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := reply(b.opening())
	b.control("delete", object{"channel": help, "ts": m.ThreadTS})
	if _, _, err := b.Find(t.Context(), m, time.Now()); kind(err) != slackapi.MessageGone {
		t.Errorf("look up in a thread that is gone: %v", err)
	}
	posted, err := b.Post(t.Context(), m)
	if err != nil || posted.TS == "" || posted.ThreadTS != "" {
		t.Fatalf("posted %+v: %v", posted, err)
	}
	if err := b.Delete(t.Context(), help, posted.TS); err != nil {
		t.Error(err)
	}
}

func TestOutOfTheChannel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	m := reply(b.opening())
	b.control("kick", object{"channel": help})
	if _, err := b.Post(t.Context(), m); kind(err) != slackapi.ChannelGone {
		t.Errorf("post after a kick: %v", err)
	}
	b.control("uninstall", object{})
	if _, err := b.Post(t.Context(), m); kind(err) != slackapi.TokenDead {
		t.Errorf("post after an uninstall: %v", err)
	}
}

// Messages of other apps hold blocks that the SDK refuses; a look-up must get past them.
func TestFindPassesUnknownBlocks(t *testing.T) {
	t.Parallel()
	m := message()
	server := httptest.NewServer(answer(200, "", strings.ReplaceAll(`{"ok":true,"messages":[
		{"ts":"1.000100","blocks":[{"type":"actions","elements":[{"type":"from_2027"}]}],"metadata":{"event_type":"theirs","event_payload":{"operation":["OP"]}}},
		{"ts":"1.000200","thread_ts":"1.000100","metadata":{"event_type":"theirs","event_payload":{"operation":"OP"}}},
		{"ts":"1.000300","thread_ts":"1.000100","metadata":{"event_type":"echosynch_operation","event_payload":{"operation":"OP"}}}
	]}`, "OP", m.Operation)))
	t.Cleanup(server.Close)
	found, ok, err := slackapi.New(server.URL+"/api/", nil).As(secret.New(token)).Find(t.Context(), m, time.Unix(1, 0))
	if want := (slackapi.Posted{Channel: m.Channel, TS: "1.000300", ThreadTS: "1.000100"}); err != nil || !ok || found != want {
		t.Errorf("found %+v, %v: %v, want %+v", found, ok, err, want)
	}
}
