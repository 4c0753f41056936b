package install_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/cookiejar"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"path"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/api"
	"github.com/echo-synch/echo-synch/api/install"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/intake"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/internal/slacksim"
)

const (
	team         = "T0ACME"
	clientID     = "1.2"
	clientSecret = "client-secret-of-the-app"
)

// patience bounds what a test waits for; a healthy run needs a fraction.
const patience = 30 * time.Second

type object = map[string]any

// bundle is our server and a simulated Slack, with a wire between them that a test can hold and change.
type bundle struct {
	store   *postgres.Store
	keys    *keystore.Store
	wrapper seal.Wrapper
	slack   *slackapi.API
	handler *install.Handler
	admins  []secret.Value // of both databases
	app     string         // our origin
	sim     string         // the origin of the simulated Slack, for its controls

	mu       sync.Mutex
	late     time.Duration                   // by which our clock is ahead
	secrets  []string                        // what nobody may see
	said     bytes.Buffer                    // pages and log
	calls    []string                        // of Slack, by method
	token    string                          // the latest
	onCall   func(*http.Request)             // before Slack takes a call
	onGrant  func(object)                    // changes Slack's answer to an exchange
	onServed func(http.Handler) http.Handler // around our server
}

// setup takes the time after which our client gives Slack up.
func setup(t *testing.T, gives time.Duration) *bundle {
	t.Helper()
	b := &bundle{secrets: []string{clientSecret}}
	b.open(t)

	var public http.Handler
	app := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { b.around(public).ServeHTTP(w, r) }))
	b.app = app.URL
	manifest, err := json.Marshal(slackapi.NewManifest(app.URL))
	must(t, err)
	sim, err := slacksim.New(slacksim.Config{ClientID: clientID, ClientSecret: clientSecret, SigningSecret: "signing",
		Manifest: manifest, RetryDelays: []time.Duration{0}})
	must(t, err)
	server := httptest.NewServer(sim)
	b.sim = server.URL
	wire := httptest.NewServer(b.wire(t, server.URL))

	b.slack = slackapi.New(wire.URL+"/api/", &http.Client{Timeout: gives})
	log := slog.New(slog.NewJSONHandler(b, &slog.HandlerOptions{Level: slog.LevelDebug}))
	b.handler = &install.Handler{
		Store: b.store, Keys: b.keys, Wrapper: b.wrapper, Slack: b.slack,
		ClientID: clientID, ClientSecret: secret.New(clientSecret), PublicURL: app.URL, Log: log, Now: b.now,
		Inbox: &intake.Inbox{Store: b.store, Keys: b.keys, Now: b.now}, Poke: func() {},
	}
	public = api.New("", log, nil, b.handler).Handler
	t.Cleanup(func() {
		app.Close() // first, as it waits for what is under way
		wire.Close()
		must(t, sim.Close())
		server.Close()
		b.wantDiscreet(t)
	})
	return b
}

// open opens both stores on a real Postgres.
func (b *bundle) open(t *testing.T) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "key")
	must(t, os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(seal.NewKey().Bytes())), 0o600))
	wrapper, err := seal.OpenLocal(file, true)
	must(t, err)
	b.wrapper = wrapper
	database, admin := postgrestest.Main(t)
	keys, keysAdmin := postgrestest.Keystore(t)
	b.admins = []secret.Value{admin, keysAdmin}
	b.store, err = postgres.Open(t.Context(), database)
	must(t, err)
	t.Cleanup(b.store.Close)
	b.keys, err = keystore.Open(t.Context(), keys, wrapper)
	must(t, err)
	t.Cleanup(b.keys.Close)
}

// wire passes our calls on to Slack.
func (b *bundle) wire(t *testing.T, slack string) http.Handler {
	target, err := url.Parse(slack)
	must(t, err)
	proxy := httputil.NewSingleHostReverseProxy(target)
	proxy.ErrorHandler = func(http.ResponseWriter, *http.Request, error) { panic(http.ErrAbortHandler) }
	proxy.ModifyResponse = func(r *http.Response) error {
		if path.Base(r.Request.URL.Path) != "oauth.v2.access" {
			return nil
		}
		raw, err := io.ReadAll(r.Body)
		if err != nil {
			return err
		}
		raw = b.granted(raw)
		r.Body, r.ContentLength = io.NopCloser(bytes.NewReader(raw)), int64(len(raw))
		r.Header.Del("Content-Length")
		return nil
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		b.mu.Lock()
		hold := b.onCall
		if strings.HasPrefix(r.URL.Path, "/api/") {
			b.calls = append(b.calls, path.Base(r.URL.Path))
		}
		b.mu.Unlock()
		if hold != nil {
			hold(r)
		}
		proxy.ServeHTTP(w, r)
	})
}

// granted takes down the token in Slack's answer to an exchange, and lets the test change the answer.
func (b *bundle) granted(raw []byte) []byte {
	b.mu.Lock()
	defer b.mu.Unlock()
	var answer object
	if json.Unmarshal(raw, &answer) != nil {
		return raw
	}
	if token, ok := answer["access_token"].(string); ok {
		b.token = token
		b.secrets = append(b.secrets, token)
	}
	if b.onGrant == nil {
		return raw
	}
	b.onGrant(answer)
	raw, _ = json.Marshal(answer) // it came out of JSON
	return raw
}

func (b *bundle) around(h http.Handler) http.Handler {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.onServed == nil {
		return h
	}
	return b.onServed(h)
}

// change sets what happens on the way.
func (b *bundle) change(f func()) {
	b.mu.Lock()
	defer b.mu.Unlock()
	f()
}

func (b *bundle) now() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return time.Now().Add(b.late)
}

// Write takes a line of the log.
func (b *bundle) Write(line []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.said.Write(line)
}

// wantDiscreet fails where a page or the log showed a token, a code, a state or a secret.
func (b *bundle) wantDiscreet(t *testing.T) {
	t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.secrets {
		if strings.Contains(b.said.String(), s) {
			t.Errorf("%q was shown:\n%s", s, &b.said)
		}
	}
}

// exchanges counts how often we asked Slack to exchange a code.
func (b *bundle) exchanges() (n int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, method := range b.calls {
		if method == "oauth.v2.access" {
			n++
		}
	}
	return n
}

// latest is the token that Slack gave last.
func (b *bundle) latest() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.token
}

// fault makes the next call of a method go wrong.
func (b *bundle) fault(t *testing.T, f object) {
	t.Helper()
	body, err := json.Marshal(f)
	must(t, err)
	res, err := http.Post(b.sim+"/sim/fault", "application/json", bytes.NewReader(body))
	must(t, err)
	defer res.Body.Close()
	if res.StatusCode != http.StatusOK {
		t.Fatalf("fault: %d", res.StatusCode)
	}
}

// browser is a person's. It follows no redirect by itself.
type browser struct {
	*http.Client
	b *bundle
}

func (b *bundle) browser(t *testing.T) *browser {
	t.Helper()
	jar, err := cookiejar.New(nil)
	must(t, err)
	stay := func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &browser{&http.Client{Jar: jar, CheckRedirect: stay, Timeout: patience}, b}
}

// page is what a browser got.
type page struct {
	Status  int
	Header  http.Header
	Cookies []*http.Cookie
	Body    string
}

func (p page) location(t *testing.T) *url.URL {
	t.Helper()
	u, err := url.Parse(p.Header.Get("Location"))
	if err != nil || p.Status != http.StatusFound {
		t.Fatalf("no redirect but %d %s", p.Status, p.Body)
	}
	return u
}

func (w *browser) open(t *testing.T, address string) page {
	t.Helper()
	request, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
	must(t, err)
	p, err := w.send(request)
	must(t, err)
	return p
}

func (w *browser) send(r *http.Request) (page, error) {
	res, err := w.Do(r)
	if err != nil {
		return page{}, err
	}
	defer res.Body.Close()
	body, err := io.ReadAll(res.Body)
	if strings.HasPrefix(r.URL.String(), w.b.app) {
		_, _ = w.b.Write(append(body, '\n')) // a buffer takes everything
	}
	return page{res.StatusCode, res.Header, res.Cookies(), string(body)}, err
}

// begin opens our install link and returns the address of Slack's consent page.
func (w *browser) begin(t *testing.T) *url.URL {
	t.Helper()
	consent := w.open(t, w.b.app+"/slack/install").location(t)
	state := consent.Query().Get("state")
	w.b.change(func() { w.b.secrets = append(w.b.secrets, state) })
	return consent
}

// decide is a person's answer on Slack's consent page; it returns where Slack sends the browser.
func (w *browser) decide(t *testing.T, consent *url.URL, answer url.Values) string {
	t.Helper()
	q := consent.Query()
	for k, v := range answer {
		q[k] = v
	}
	back := w.open(t, consent.Scheme+"://"+consent.Host+consent.Path+"?"+q.Encode()).location(t)
	if code := back.Query().Get("code"); code != "" {
		w.b.change(func() { w.b.secrets = append(w.b.secrets, code) })
	}
	return back.String()
}

func allow(user string) url.Values { return url.Values{"sim_allow": {"1"}, "sim_user": {user}} }

// approved is the address on which Slack sends a browser back after the whole consent of a user.
func (w *browser) approved(t *testing.T, user string) string {
	t.Helper()
	return w.decide(t, w.begin(t), allow(user))
}

// install goes all the way, as a user.
func (b *bundle) install(t *testing.T, user string) {
	t.Helper()
	w := b.browser(t)
	want(t, w.open(t, w.approved(t, user)), http.StatusOK, "Echo-Synch is installed")
}

// want checks a page: what it says, that it offers to begin again unless all is well, and that nothing remembers it.
func want(t *testing.T, p page, status int, says string) {
	t.Helper()
	if p.Status != status || !strings.Contains(p.Body, says) {
		t.Errorf("got %d %s\nwant %d and %q", p.Status, p.Body, status, says)
	}
	installed := status == http.StatusOK && (strings.Contains(says, "is installed") || strings.Contains(says, "is restored"))
	if again := strings.Contains(p.Body, `href="/slack/install"`); again == installed {
		t.Errorf("offers to begin again: %v", again)
	}
	for name, value := range map[string]string{
		"Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Frame-Options": "DENY", "Content-Type": "text/html; charset=UTF-8",
	} {
		if got := p.Header.Get(name); got != value {
			t.Errorf("%s: %q, want %q", name, got, value)
		}
	}
	_, style, _ := strings.Cut(p.Body, "<style>")
	style, _, _ = strings.Cut(style, "</style>")
	hash := sha256.Sum256([]byte(style))
	only := "style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) + "';"
	if policy := p.Header.Get("Content-Security-Policy"); !strings.Contains(policy, "default-src 'none'; "+only) || strings.Contains(policy, "unsafe") {
		t.Errorf("Content-Security-Policy: %q", policy)
	}
}

// wantNothing checks that nothing was installed.
func (b *bundle) wantNothing(t *testing.T) {
	t.Helper()
	if n := b.count(t, "tenant.workspace") + b.count(t, "system.installation"); n != 0 {
		t.Errorf("%d rows of an installation", n)
	}
}

// workspace is all of an installed workspace.
type workspace struct {
	helpdesk.Workspace
	Agents []helpdesk.Agent
	Token  string
}

func (b *bundle) workspace(t *testing.T) (w workspace) {
	t.Helper()
	id, err := b.store.Installed(t.Context(), team)
	must(t, err)
	key, err := b.keys.WorkspaceKey(t.Context(), id)
	must(t, err)
	must(t, b.store.InWorkspace(t.Context(), id, func(tx *postgres.Tx) (err error) {
		if w.Workspace, err = tx.Workspace(t.Context()); err != nil {
			return err
		}
		if w.Agents, err = tx.Agents(t.Context()); err != nil {
			return err
		}
		wrapped, err := tx.Token(t.Context(), key)
		if err != nil {
			return err
		}
		token, err := b.wrapper.Unwrap(t.Context(), postgres.TokenContext(id), wrapped)
		w.Token = string(token)
		return err
	}))
	return w
}

// sealed is the token as it lies in the database.
func (b *bundle) sealed(t *testing.T) (token []byte) {
	t.Helper()
	b.each(t, func(conn *pgx.Conn, table string) {
		if table == "tenant.workspace" {
			must(t, conn.QueryRow(t.Context(), "select token from tenant.workspace").Scan(&token))
		}
	})
	if len(token) == 0 {
		t.Fatal("no token")
	}
	return token
}

// wantNowhere fails where either database holds what, as text or as bytes.
func (b *bundle) wantNowhere(t *testing.T, name string, what []byte) {
	t.Helper()
	if len(what) == 0 {
		t.Fatalf("%s is empty", name)
	}
	b.each(t, func(conn *pgx.Conn, table string) {
		var all string
		must(t, conn.QueryRow(t.Context(), "select coalesce(string_agg(t::text, ' '), '') from "+table+" t").Scan(&all))
		if strings.Contains(all, string(what)) || strings.Contains(all, hex.EncodeToString(what)) {
			t.Errorf("%s stands in %s", name, table)
		}
	})
}

func (b *bundle) count(t *testing.T, of string) (n int) {
	t.Helper()
	b.each(t, func(conn *pgx.Conn, table string) {
		if table == of {
			must(t, conn.QueryRow(t.Context(), "select count(*) from "+table).Scan(&n))
		}
	})
	return n
}

// each goes through the tables of both databases, as their administrator, whom no policy binds.
func (b *bundle) each(t *testing.T, f func(conn *pgx.Conn, table string)) {
	t.Helper()
	for _, admin := range b.admins {
		conn, err := pgx.Connect(t.Context(), admin.Reveal())
		must(t, err)
		rows, _ := conn.Query(t.Context(), `
			select n.nspname || '.' || c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where c.relkind = 'r' and n.nspname in ('tenant', 'system', 'keystore')`)
		tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
		must(t, err)
		for _, table := range tables {
			f(conn, table)
		}
		must(t, conn.Close(context.WithoutCancel(t.Context())))
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(fmt.Errorf("setting the scene: %w", err))
	}
}
