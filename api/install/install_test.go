package install_test

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/url"
	"path"
	"reflect"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/internal/slackapi"
)

func TestInstall(t *testing.T) {
	t.Parallel()
	b := setup(t, patience)
	w := b.browser(t)

	start := w.open(t, b.app+"/slack/install")
	consent := start.location(t)
	q := consent.Query()
	if consent.Path != "/oauth/v2/authorize" || q.Get("client_id") != clientID || q.Get("redirect_uri") != b.app+"/slack/oauth/callback" ||
		q.Get("scope") != strings.Join(slackapi.BotScopes(), ",") || len(q.Get("state")) < 43 {
		t.Errorf("sent to %s", consent)
	}
	if len(start.Cookies) != 1 {
		t.Fatalf("cookies: %v", start.Cookies)
	}
	if c := start.Cookies[0]; c.Name != "oauth" || c.Value != q.Get("state") || c.Path != "/" || c.MaxAge != 600 ||
		!c.HttpOnly || c.SameSite != http.SameSiteLaxMode || c.Secure {
		t.Errorf("cookie: %+v", c)
	}
	b.wantNowhere(t, "the state", []byte(q.Get("state")))
	if p := w.open(t, consent.String()); p.Status != http.StatusOK || !strings.Contains(p.Body, "Echo-Synch is requesting permission") {
		t.Errorf("Slack's page: %d %s", p.Status, p.Body)
	}

	done := w.open(t, w.decide(t, consent, allow("U0ALEX")))
	want(t, done, http.StatusOK, "Echo-Synch is installed")
	if !strings.Contains(done.Body, "/invite @Echo-Synch") {
		t.Errorf("the page does not say what to do next: %s", done.Body)
	}
	if len(done.Cookies) != 1 || done.Cookies[0].Name != "oauth" || done.Cookies[0].MaxAge >= 0 || done.Cookies[0].Value != "" {
		t.Errorf("the cookie stays: %v", done.Cookies)
	}

	got := b.workspace(t)
	if age := time.Since(got.AuthorizedAt); age < 0 || age > patience {
		t.Errorf("authorised at %s", got.AuthorizedAt)
	}
	wanted := helpdesk.Workspace{
		ID: got.ID, Team: team, AppID: "A0ECHOSYNCH", BotUser: "U0ECHOBOT", Installer: "U0ALEX", Scopes: slackapi.BotScopes(),
		AuthorizedAt: got.AuthorizedAt, Settings: helpdesk.DefaultSettings("Europe/Brussels"),
	}
	if slices.Sort(got.Scopes); !reflect.DeepEqual(got.Workspace, sorted(wanted)) {
		t.Errorf("workspace:\n got %+v\nwant %+v", got.Workspace, wanted)
	}
	if !slices.Equal(got.Agents, []helpdesk.Agent{{User: "U0ALEX", Role: helpdesk.RoleAdmin}}) {
		t.Errorf("agents: %v", got.Agents)
	}
	if err := b.slack.As(secret.New(got.Token)).Alive(t.Context()); err != nil || got.Token != b.latest() {
		t.Errorf("the stored token: %v", err)
	}
	b.wantNowhere(t, "the token", []byte(got.Token))
	if n := b.count(t, "system.oauth_state"); n != 0 {
		t.Errorf("%d states left", n)
	}
}

func sorted(w helpdesk.Workspace) helpdesk.Workspace {
	w.Scopes = slices.Sorted(slices.Values(w.Scopes))
	return w
}

// A workspace runs in its installer's time zone.
func TestInstallTakesTheInstallersZone(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, user string
		fault      object
		zone       string
	}{
		{"of another installer", "U0RITA", nil, "Europe/Lisbon"},
		{"UTC where Slack does not tell", "U0RITA", object{"method": "users.info", "error": "user_not_found"}, "UTC"},
		{"UTC where Slack is busy", "U0RITA", object{"method": "users.info", "status": 429}, "UTC"},
		{"UTC where Slack hangs up", "U0RITA", object{"method": "users.info"}, "UTC"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, patience)
			if test.fault != nil {
				b.fault(t, test.fault)
			}
			b.install(t, test.user)
			if got := b.workspace(t).Settings; !reflect.DeepEqual(got, helpdesk.DefaultSettings(test.zone)) {
				t.Errorf("settings: %+v", got)
			}
		})
	}
}

// The server cuts a page off after 15 seconds, and the exchange alone may take ten.
func TestInstallDoesNotWaitLongForTheZone(t *testing.T) {
	t.Parallel()
	b := setup(t, 2*patience)
	b.change(func() { b.onCall = neverAnswers("users.info") })
	b.install(t, "U0RITA")
	if got := b.workspace(t).Settings.Zone; got != "UTC" {
		t.Errorf("zone %s", got)
	}
}

// neverAnswers holds the calls of a method until the caller gives up.
func neverAnswers(method string) func(*http.Request) {
	return func(r *http.Request) {
		if path.Base(r.URL.Path) == method {
			_, _ = io.Copy(io.Discard, r.Body) // net/http looks for a caller that is gone once the body is read
			<-r.Context().Done()
		}
	}
}

// Over TLS the cookie is bound to the host, so that no neighbour can set it.
func TestCookieOverTLS(t *testing.T) {
	t.Parallel()
	b := setup(t, patience)
	b.handler.PublicURL = "https://help.example.com"
	p := b.browser(t).open(t, b.app+"/slack/install")
	if len(p.Cookies) != 1 {
		t.Fatalf("cookies: %v", p.Cookies)
	}
	if c := p.Cookies[0]; c.Name != "__Host-oauth" || !c.Secure || !c.HttpOnly || c.Path != "/" || c.Domain != "" {
		t.Errorf("cookie: %+v", c)
	}
}

// Slack's answer counts once, in time, and in the browser that asked.
func TestStateOfAnotherBrowserTimeOrRunIsRefused(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name string
		open func(t *testing.T, b *bundle) page
	}{
		{"wrong state", func(t *testing.T, b *bundle) page {
			w := b.browser(t)
			return w.open(t, with(t, w.approved(t, "U0ALEX"), "state", "wrong"))
		}},
		{"no state", func(t *testing.T, b *bundle) page {
			w := b.browser(t)
			return w.open(t, with(t, w.approved(t, "U0ALEX"), "state", ""))
		}},
		{"no cookie", func(t *testing.T, b *bundle) page {
			return b.browser(t).open(t, b.browser(t).approved(t, "U0ALEX"))
		}},
		{"cookie of another run", func(t *testing.T, b *bundle) page {
			victim := b.browser(t)
			victim.begin(t)
			return victim.open(t, b.browser(t).approved(t, "U0ALEX"))
		}},
		{"cookie and state that nobody began", func(t *testing.T, b *bundle) page {
			w := b.browser(t)
			back := w.approved(t, "U0ALEX")
			w.setCookie(t, "forged")
			return w.open(t, with(t, back, "state", "forged"))
		}},
		{"expired", func(t *testing.T, b *bundle) page {
			w := b.browser(t)
			back := w.approved(t, "U0ALEX")
			b.change(func() { b.late = 10*time.Minute + time.Second })
			return w.open(t, back)
		}},
		{"used already, for a denial", func(t *testing.T, b *bundle) page {
			w := b.browser(t)
			consent := w.begin(t)
			want(t, w.open(t, w.decide(t, consent, url.Values{"sim_deny": {"1"}})), http.StatusOK, "Not installed")
			w.setCookie(t, consent.Query().Get("state"))
			return w.open(t, w.decide(t, consent, allow("U0ALEX")))
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, patience)
			want(t, test.open(t, b), http.StatusBadRequest, "This link was not begun here")
			if n := b.exchanges(); n != 0 {
				t.Errorf("the code was exchanged %d times", n)
			}
			b.wantNothing(t)
		})
	}
}

// with replaces a parameter of an address.
func with(t *testing.T, address, name, value string) string {
	t.Helper()
	u, err := url.Parse(address)
	must(t, err)
	q := u.Query()
	q.Set(name, value)
	u.RawQuery = q.Encode()
	return u.String()
}

func (w *browser) setCookie(t *testing.T, value string) {
	t.Helper()
	u, err := url.Parse(w.b.app)
	must(t, err)
	w.Jar.SetCookies(u, []*http.Cookie{{Name: "oauth", Value: value, Path: "/"}})
}

func TestStateIsGoodToItsLastSecond(t *testing.T) {
	t.Parallel()
	b := setup(t, patience)
	w := b.browser(t)
	back := w.approved(t, "U0ALEX")
	b.change(func() { b.late = 9*time.Minute + 30*time.Second })
	want(t, w.open(t, back), http.StatusOK, "Echo-Synch is installed")
}

func TestStateWorksOnce(t *testing.T) {
	t.Parallel()
	b := setup(t, patience)
	w := b.browser(t)
	consent := w.begin(t)
	back := w.decide(t, consent, allow("U0ALEX"))
	want(t, w.open(t, back), http.StatusOK, "Echo-Synch is installed")
	before := b.workspace(t)

	w.setCookie(t, consent.Query().Get("state"))
	p := w.open(t, back)
	want(t, p, http.StatusBadRequest, "This link was not begun here")
	if strings.Contains(p.Body, "Nothing was installed") {
		t.Error("who reloads the page of a success is told that nothing was installed")
	}
	if n := b.exchanges(); n != 1 {
		t.Errorf("the code was exchanged %d times", n)
	}
	if after := b.workspace(t); !reflect.DeepEqual(before, after) {
		t.Errorf("before %+v\nafter  %+v", before, after)
	}
}

// Whoever makes a browser open a stranger's link does not end the run that its owner has begun.
func TestForeignLinkLeavesTheRunAlone(t *testing.T) {
	t.Parallel()
	b := setup(t, patience)
	w := b.browser(t)
	mine, foreign := w.approved(t, "U0ALEX"), b.browser(t).approved(t, "U0SAM")
	want(t, w.open(t, foreign), http.StatusBadRequest, "This link was not begun here")
	want(t, w.open(t, mine), http.StatusOK, "Echo-Synch is installed")
	if got := b.workspace(t).Installer; got != "U0ALEX" {
		t.Errorf("installed by %s", got)
	}
}

func TestDeniedConsent(t *testing.T) {
	t.Parallel()
	b := setup(t, patience)
	w := b.browser(t)
	back := w.decide(t, w.begin(t), url.Values{"sim_deny": {"1"}})
	if !strings.Contains(back, "error=access_denied") {
		t.Fatalf("Slack sends back to %s", back)
	}
	want(t, w.open(t, back), http.StatusOK, "Not installed")
	if n := b.exchanges(); n != 0 {
		t.Errorf("a code was exchanged %d times", n)
	}
	b.wantNothing(t)
	want(t, w.open(t, w.approved(t, "U0ALEX")), http.StatusOK, "Echo-Synch is installed")
}

func TestReturnWithoutACodeIsADenial(t *testing.T) {
	t.Parallel()
	b := setup(t, patience)
	w := b.browser(t)
	back := with(t, w.approved(t, "U0ALEX"), "code", "")
	want(t, w.open(t, back), http.StatusOK, "Not installed")
	b.wantNothing(t)
}

func TestOrgWideInstallIsRefusedAndItsTokenRevoked(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(object){
		"as Slack documents it": func(answer object) {
			answer["is_enterprise_install"], answer["team"], answer["enterprise"] = true, nil, object{"id": "E1", "name": "Acme Group"}
		},
		"without a team": func(answer object) { answer["team"] = nil },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, patience)
			b.change(func() { b.onGrant = change })
			w := b.browser(t)
			want(t, w.open(t, w.approved(t, "U0ALEX")), http.StatusForbidden, "Please install it in one workspace")
			b.wantNothing(t)
			var refused *slackapi.Error
			if err := b.slack.As(secret.New(b.latest())).Alive(t.Context()); !errors.As(err, &refused) || refused.Code != "token_revoked" {
				t.Errorf("the token: %v", err)
			}
		})
	}
}

// The person is told all the same, in time.
func TestOrgWideInstallIsRefusedWhereItsTokenCannotBeRevoked(t *testing.T) {
	t.Parallel()
	b := setup(t, 2*patience)
	b.change(func() {
		b.onGrant = func(answer object) { answer["is_enterprise_install"] = true }
		b.onCall = neverAnswers("auth.revoke")
	})
	w := b.browser(t)
	want(t, w.open(t, w.approved(t, "U0ALEX")), http.StatusForbidden, "Please install it in one workspace")
	b.wantNothing(t)
	b.mu.Lock()
	defer b.mu.Unlock()
	if !strings.Contains(b.said.String(), "not revoked") {
		t.Error("the operator is not told")
	}
}

func TestTooFewScopesAreRefused(t *testing.T) {
	t.Parallel()
	b := setup(t, patience)
	w := b.browser(t)
	answer := allow("U0ALEX")
	answer.Set("scope", "chat:write,users:read")
	want(t, w.open(t, w.decide(t, w.begin(t), answer)), http.StatusBadRequest, "Some permissions are missing")
	b.wantNothing(t)
}

func TestAuthorisingAgainChangesTokenAndScopesOnly(t *testing.T) {
	t.Parallel()
	b := setup(t, patience)
	b.install(t, "U0ALEX")
	first := b.workspace(t)
	must(t, b.store.InWorkspace(t.Context(), first.ID, func(tx *postgres.Tx) error {
		return errors.Join(
			tx.SetStaffChannel(t.Context(), "C0ITSTAFF", time.Now()),
			tx.PutAgent(t.Context(), "U0DANA", helpdesk.RoleAgent, time.Now()),
			tx.PutAgent(t.Context(), "U0SAM", helpdesk.RoleAgent, time.Now()))
	}))
	sealed := b.sealed(t)
	must(t, b.slack.As(secret.New(first.Token)).Revoke(t.Context())) // so that Slack gives another one
	b.change(func() {
		b.onGrant = func(answer object) { answer["scope"] = answer["scope"].(string) + ",reactions:write" }
	})

	b.install(t, "U0DANA")
	got := b.workspace(t)
	if got.Token == first.Token || got.Token != b.latest() {
		t.Error("the token is still the older one")
	}
	b.wantNowhere(t, "the older token", sealed)
	b.wantNowhere(t, "the token", []byte(got.Token))
	if !got.AuthorizedAt.After(first.AuthorizedAt) {
		t.Errorf("authorised at %s, then at %s", first.AuthorizedAt, got.AuthorizedAt)
	}
	wanted := first.Workspace
	wanted.Installer, wanted.AuthorizedAt, wanted.StaffChannel = "U0DANA", got.AuthorizedAt, "C0ITSTAFF"
	wanted.Scopes = append(slices.Clone(first.Scopes), "reactions:write")
	if !reflect.DeepEqual(sorted(got.Workspace), sorted(wanted)) {
		t.Errorf("workspace:\n got %+v\nwant %+v", got.Workspace, wanted)
	}
	agents := []helpdesk.Agent{
		{User: "U0ALEX", Role: helpdesk.RoleAdmin}, {User: "U0DANA", Role: helpdesk.RoleAdmin}, {User: "U0SAM", Role: helpdesk.RoleAgent},
	}
	if !slices.Equal(got.Agents, agents) {
		t.Errorf("agents: %v, want %v", got.Agents, agents)
	}
	for _, table := range []string{"tenant.workspace", "system.installation", "keystore.workspace_key"} {
		if n := b.count(t, table); n != 1 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
}

// Two admins press Allow at the same moment: both are told the truth, and there is one workspace with one key.
func TestInstallsAtOnceEndInOneWorkspace(t *testing.T) {
	t.Parallel()
	b := setup(t, patience)
	var both sync.WaitGroup
	both.Add(2)
	b.change(func() {
		b.onCall = func(r *http.Request) {
			if path.Base(r.URL.Path) == "users.info" { // asked only where no workspace was found
				both.Done()
				both.Wait()
			}
		}
	})
	pages := make(chan page, 2)
	for _, user := range []string{"U0ALEX", "U0DANA"} {
		w := b.browser(t)
		request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, w.approved(t, user), nil)
		must(t, err)
		go func() {
			p, err := w.send(request)
			if err != nil {
				t.Error(err)
			}
			pages <- p
		}()
	}
	for range 2 {
		want(t, <-pages, http.StatusOK, "Echo-Synch is installed")
	}
	for _, table := range []string{"tenant.workspace", "system.installation", "keystore.workspace_key"} {
		if n := b.count(t, table); n != 1 {
			t.Errorf("%d rows in %s", n, table)
		}
	}
	if got := b.workspace(t).Agents; len(got) != 2 || got[0].Role != helpdesk.RoleAdmin || got[1].Role != helpdesk.RoleAdmin {
		t.Errorf("agents: %v", got)
	}
}

func TestSlackDoesNotConfirm(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name  string
		fault object
	}{
		{"down", object{"status": 503}},
		{"hangs up", object{}},
		{"busy", object{"status": 429}},
		{"fails itself", object{"error": "internal_error"}},
		{"takes the code, loses the answer", object{"after": true}},
		{"takes the code, then fails", object{"after": true, "status": 500}},
		{"knows no such code", object{"error": "invalid_code"}},
		{"has seen the code before", object{"error": "code_already_used"}},
		{"knows another secret", object{"error": "bad_client_secret"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			b := setup(t, patience)
			test.fault["method"] = "oauth.v2.access"
			b.fault(t, test.fault)
			w := b.browser(t)
			want(t, w.open(t, w.approved(t, "U0ALEX")), http.StatusBadGateway, "please begin again")
			if n := b.exchanges(); n != 1 {
				t.Errorf("the code, which works once, was sent %d times", n)
			}
			b.wantNothing(t)
			want(t, w.open(t, w.approved(t, "U0ALEX")), http.StatusOK, "Echo-Synch is installed")
		})
	}
}

func TestSlackIsTooSlow(t *testing.T) {
	t.Parallel()
	b := setup(t, time.Second)
	b.change(func() { b.onCall = neverAnswers("oauth.v2.access") })
	w := b.browser(t)
	want(t, w.open(t, w.approved(t, "U0ALEX")), http.StatusBadGateway, "please begin again")
	b.wantNothing(t)
}

func TestStoresAreDown(t *testing.T) {
	t.Parallel()
	const unavailable = "Please try again in a minute"
	t.Run("database, at the beginning", func(t *testing.T) {
		t.Parallel()
		b := setup(t, patience)
		b.store.Close()
		p := b.browser(t).open(t, b.app+"/slack/install")
		want(t, p, http.StatusServiceUnavailable, unavailable)
		if len(p.Cookies) != 0 {
			t.Errorf("cookies: %v", p.Cookies)
		}
	})
	t.Run("database, at the end", func(t *testing.T) {
		t.Parallel()
		b := setup(t, patience)
		w := b.browser(t)
		back := w.approved(t, "U0ALEX")
		b.store.Close()
		want(t, w.open(t, back), http.StatusServiceUnavailable, unavailable)
		if n := b.exchanges(); n != 0 {
			t.Errorf("a code whose state was not checked was exchanged %d times", n)
		}
	})
	t.Run("key store", func(t *testing.T) {
		t.Parallel()
		b := setup(t, patience)
		b.keys.Close()
		w := b.browser(t)
		want(t, w.open(t, w.approved(t, "U0ALEX")), http.StatusServiceUnavailable, unavailable)
		b.wantNothing(t)
	})
}

// Slack's code works once: whoever closes the tab too early has installed the app all the same.
func TestInstallEndsWithoutTheBrowser(t *testing.T) {
	t.Parallel()
	b := setup(t, patience)
	ctx, closeTab := context.WithCancel(t.Context())
	noticed, served := make(chan struct{}), make(chan struct{})
	w := b.browser(t)
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, w.approved(t, "U0ALEX"), nil)
	must(t, err)
	b.change(func() {
		b.onServed = func(h http.Handler) http.Handler {
			return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
				go func() {
					<-r.Context().Done()
					close(noticed)
				}()
				h.ServeHTTP(rw, r)
				close(served)
			})
		}
		b.onCall = func(r *http.Request) {
			if path.Base(r.URL.Path) == "oauth.v2.access" {
				closeTab()
				<-noticed
			}
		}
	})
	if _, err := w.send(request); !errors.Is(err, context.Canceled) {
		t.Fatalf("the browser waited: %v", err)
	}
	<-served
	if got := b.workspace(t).Installer; got != "U0ALEX" {
		t.Errorf("installed by %s", got)
	}
}
