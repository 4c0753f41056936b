package activities_test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/observe"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/provider"
	"github.com/echo-synch/echo-synch/internal/redact"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/internal/slacksim"
	"github.com/echo-synch/echo-synch/workflows/names"
)

type object = map[string]any

const (
	help  = "C0ITHELP"
	staff = "C0ITSTAFF"
	alex  = "U0ALEX" // admin
	dana  = "U0DANA" // agent
	rita  = "U0RITA"
)

// bundle is a workspace in real databases, installed in a simulated Slack, and the activities over both.
type bundle struct {
	*activities.Activities
	env         *testsuite.TestActivityEnvironment
	sim, gemini string
	// as their owners see them:
	mainAdmin, keysAdmin secret.Value
	workspace            helpdesk.WorkspaceID
	opened               time.Time
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{opened: time.Now().UTC().Truncate(time.Second)}
	appURL, mainAdmin := postgrestest.Main(t)
	keysURL, keysAdmin := postgrestest.Keystore(t)
	b.mainAdmin, b.keysAdmin = mainAdmin, keysAdmin
	store := must(postgres.Open(t.Context(), appURL))(t)
	t.Cleanup(store.Close)
	wrapper := must(seal.OpenLocal(keyFile(t), false))(t)
	keys := must(keystore.Open(t.Context(), keysURL, wrapper))(t)
	t.Cleanup(keys.Close)
	api, grant := b.slack(t)
	b.Activities = &activities.Activities{
		Store: store, Keys: keys, Wrapper: wrapper, Slack: api, Log: slog.New(slog.DiscardHandler), Now: time.Now,
		Redactor: must(redact.New())(t), Models: new(provider.Router), Metrics: observe.NewMetrics(),
	}
	b.install(t, grant)
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b.env = suite.NewTestActivityEnvironment()
	b.env.RegisterActivity(b.Activities)
	return b
}

func must[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func keyFile(t *testing.T) string {
	t.Helper()
	key := make([]byte, 32)
	rand.Read(key)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// slack starts a simulated Slack and authorises the app.
func (b *bundle) slack(t *testing.T) (*slackapi.API, slackapi.Grant) {
	t.Helper()
	app := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {})) // takes every event
	t.Cleanup(app.Close)
	manifest := must(json.Marshal(slackapi.NewManifest(app.URL)))(t)
	sim := must(slacksim.New(slacksim.Config{ClientID: "1.2", ClientSecret: "client-secret", SigningSecret: "signing", Manifest: manifest}))(t)
	server := httptest.NewServer(sim)
	t.Cleanup(func() {
		server.Close()
		if err := sim.Close(); err != nil {
			t.Error(err)
		}
	})
	b.sim = server.URL
	api := slackapi.New(server.URL+"/api/", nil)
	browser := http.Client{CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}
	redirect := app.URL + "/slack/oauth/callback"
	page, err := browser.Get(api.AuthorizeURL("1.2", redirect, "state") + "&sim_allow=1&sim_user=U0ALEX")
	if err != nil {
		t.Fatal(err)
	}
	_ = page.Body.Close() // only where it leads was wanted
	back := must(url.Parse(page.Header.Get("Location")))(t)
	return api, must(api.Exchange(t.Context(), "1.2", secret.New("client-secret"), back.Query().Get("code"), redirect))(t)
}

// install stores the workspace with one admin, one agent and the channel #it-help.
func (b *bundle) install(t *testing.T, grant slackapi.Grant) {
	t.Helper()
	b.workspace = helpdesk.NewWorkspaceID(b.opened)
	if err := b.Keys.CreateWorkspaceKey(t.Context(), b.workspace); err != nil {
		t.Fatal(err)
	}
	key := must(b.Keys.WorkspaceKey(t.Context(), b.workspace))(t)
	token := must(b.Wrapper.Wrap(t.Context(), postgres.TokenContext(b.workspace), []byte(grant.Token.Reveal())))(t)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		w := helpdesk.Workspace{
			Team: grant.Team, AppID: grant.AppID, BotUser: grant.BotUser, Installer: alex, Scopes: grant.Scopes, AuthorizedAt: b.opened,
			Settings: helpdesk.DefaultSettings("UTC"),
		}
		if err := tx.Install(ctx, w, token, key); err != nil {
			return err
		}
		if err := tx.PutAgent(ctx, dana, helpdesk.RoleAgent, b.opened); err != nil {
			return err
		}
		_, err := tx.JoinChannel(ctx, help, b.opened.Add(-time.Hour))
		return err
	})
	for _, channel := range []string{help, staff} {
		b.control(t, "invite", object{"channel": channel})
	}
}

func (b *bundle) in(t *testing.T, f func(context.Context, *postgres.Tx) error) {
	t.Helper()
	if err := b.Store.InWorkspace(t.Context(), b.workspace, func(tx *postgres.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) staffChannel(t *testing.T) {
	t.Helper()
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error { return tx.SetStaffChannel(ctx, staff, b.opened) })
}

func (b *bundle) control(t *testing.T, name string, in object) object {
	t.Helper()
	body := must(json.Marshal(in))(t)
	res, err := http.Post(b.sim+"/sim/"+name, "application/json", bytes.NewReader(body)) //nolint:noctx // local
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var out object
	if err := json.NewDecoder(res.Body).Decode(&out); err != nil || res.StatusCode != http.StatusOK {
		t.Fatalf("control %s: %d %v: %v", name, res.StatusCode, out, err)
	}
	return out
}

// request opens one that Rita wrote, triaged as high, and returns it with its state.
func (b *bundle) request(t *testing.T) (names.RequestInput, helpdesk.Progress) {
	t.Helper()
	ts, _ := b.control(t, "post", object{"channel": help, "user": rita, "text": "VPN drops every ten minutes"})["ts"].(string)
	in := names.RequestInput{Workspace: b.workspace, Request: helpdesk.NewRequestID()}
	text := seal.NewKey()
	if err := b.Keys.CreateRequestKeys(t.Context(), b.workspace, in.Request, text); err != nil {
		t.Fatal(err)
	}
	p := helpdesk.Progress{
		Version: 1, Status: helpdesk.New, Label: "network", Priority: helpdesk.High, TriagedBy: helpdesk.ByLexical,
		Deadlines: helpdesk.Deadlines{
			FirstResponse: helpdesk.Deadline{Due: b.opened.Add(2 * time.Hour), WarnAt: b.opened.Add(90 * time.Minute)},
			Resolution:    helpdesk.Deadline{Due: b.opened.Add(24 * time.Hour), WarnAt: b.opened.Add(23 * time.Hour)},
		},
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		c, err := tx.ChannelBySlackID(ctx, help)
		if err != nil {
			return err
		}
		if _, err := tx.OpenRequest(ctx, helpdesk.Request{
			ID: in.Request, Channel: c.ID, OriginTS: ts, Requester: rita, OpenedAt: b.opened,
		}, []byte("VPN drops every ten minutes"), text); err != nil {
			return err
		}
		_, err = tx.Project(ctx, in.Request, p)
		return err
	})
	return in, p
}

// message is one of ours in Slack.
type message struct {
	User string `json:"user"`
	TS   string `json:"ts"`
	Text string `json:"text"`

	Blocks json.RawMessage `json:"blocks"`
}

// ours are the app's messages, by the channel or the person they went to.
func (b *bundle) ours(t *testing.T) map[string][]message {
	t.Helper()
	res, err := http.Get(b.sim + "/sim/state") //nolint:noctx // local
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	var state struct {
		Channels []struct {
			ID       string    `json:"id"`
			Messages []message `json:"messages"`
		} `json:"channels"`
		DMs []struct {
			User     string    `json:"user"`
			Messages []message `json:"messages"`
		} `json:"dms"`
	}
	if err := json.NewDecoder(res.Body).Decode(&state); err != nil {
		t.Fatal(err)
	}
	found := make(map[string][]message)
	add := func(where string, messages []message) {
		for _, m := range messages {
			if m.User == "U0ECHOBOT" {
				found[where] = append(found[where], m)
			}
		}
	}
	for _, c := range state.Channels {
		add(c.ID, c.Messages)
	}
	for _, dm := range state.DMs {
		add(dm.User, dm.Messages)
	}
	return found
}

// run runs an activity and returns the type of its failure, "" where there is none.
func (b *bundle) run(activity, in any) string {
	_, err := b.env.ExecuteActivity(activity, in)
	var failed *temporal.ApplicationError
	if errors.As(err, &failed) {
		return failed.Type()
	}
	if err != nil {
		return err.Error()
	}
	return ""
}
