package app_test

import (
	"bufio"
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// patience bounds what a test waits for; a healthy run needs a fraction.
const patience = 30 * time.Second

const signingSecret = "signing-secret"

// servers is the configuration of both servers: two clusters, free ports, and a Temporal that is down.
func servers(t *testing.T) config.Config {
	t.Helper()
	cfg := config.Config{
		Env: config.Selfhost, PublicURL: "https://help.example.com", ListenAddr: "127.0.0.1:0", AdminListenAddr: "127.0.0.1:0",
		LocalKeyFile: filepath.Join(t.TempDir(), "key"),
		Temporal:     config.Temporal{Address: "127.0.0.1:1", Namespace: "echosynch"},
		Slack: config.Slack{ClientID: "1.2", ClientSecret: secret.New("client-secret"),
			SigningSecrets: []secret.Value{secret.New(signingSecret)}, APIURL: "http://127.0.0.1:1/api/"},
		Triage: config.TriageLexical,
	}
	key := base64.StdEncoding.EncodeToString(seal.NewKey().Bytes())
	if err := os.WriteFile(cfg.LocalKeyFile, []byte(key), 0o600); err != nil {
		t.Fatal(err)
	}
	cfg.CertificateSeed = secret.New(base64.StdEncoding.EncodeToString(seal.NewKey().Bytes()))
	cfg.DatabaseURL, _ = postgrestest.Main(t)
	cfg.KeystoreURL, _ = postgrestest.KeystoreApart(t)
	return cfg
}

// process is a server that runs in the test.
type process struct {
	stop  context.CancelFunc
	ended chan error
	lines chan map[string]any // its log
}

type server = func(context.Context, config.Config, *slog.Logger) error

func start(t *testing.T, run server, cfg config.Config) *process {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	p := &process{stop: stop, ended: make(chan error, 1), lines: make(chan map[string]any, 1000)}
	finished := make(chan struct{})
	go func() {
		defer close(finished)
		p.ended <- run(ctx, cfg, slog.New(slog.NewJSONHandler(p, nil)))
	}()
	t.Cleanup(func() {
		stop()
		<-finished
	})
	return p
}

// Write takes a line of the log.
func (p *process) Write(b []byte) (int, error) {
	var line map[string]any
	err := json.Unmarshal(b, &line)
	p.lines <- line
	return len(b), err
}

// logged waits for a line with the message.
func (p *process) logged(t *testing.T, message string) map[string]any {
	t.Helper()
	late := time.After(patience)
	for {
		select {
		case line := <-p.lines:
			if line["msg"] == message {
				return line
			}
		case err := <-p.ended:
			t.Fatalf("ended before it logged %q: %v", message, err)
		case <-late:
			t.Fatalf("did not log %q", message)
		}
	}
}

// end waits for the server to return.
func (p *process) end(t *testing.T) error {
	t.Helper()
	select {
	case err := <-p.ended:
		return err
	case <-time.After(patience):
		t.Fatal("does not end")
		return nil
	}
}

func get(t *testing.T, url string) (status int, body string) {
	t.Helper()
	res, err := http.Get(url)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

func TestAPIStartsWithoutTemporalAndStopsWhenTold(t *testing.T) {
	t.Parallel()
	p := start(t, app.API, servers(t))
	up := p.logged(t, "api is up")
	public, admin := fmt.Sprint(up["listen"]), fmt.Sprint(up["admin"])

	for _, address := range []string{public, admin} {
		status, body := get(t, "http://"+address+"/health")
		if status != http.StatusOK || strings.TrimSpace(body) != `{"ok":true,"degraded":["temporal"]}` {
			t.Errorf("health: %d %s", status, body)
		}
	}
	if status, _ := get(t, "http://"+public+"/metrics"); status != http.StatusNotFound {
		t.Errorf("the public sees metrics: %d", status)
	}
	if status, body := get(t, "http://"+admin+"/metrics"); status != http.StatusOK || !strings.Contains(body, "echosynch_") {
		t.Errorf("metrics: %d %.200s", status, body)
	}

	p.stop()
	if err := p.end(t); err != nil {
		t.Errorf("told to stop, it failed: %v", err)
	}
	for _, address := range []string{public, admin} {
		if conn, err := net.Dial("tcp", address); err == nil {
			conn.Close()
			t.Errorf("%s still listens", address)
		}
	}
}

// What Slack has begun to deliver is taken and answered after the process was told to stop.
func TestAPIAnswersWhatIsUnderWayWhenItStops(t *testing.T) {
	t.Parallel()
	p := start(t, app.API, servers(t))
	public := fmt.Sprint(p.logged(t, "api is up")["listen"])

	body := []byte(`{"type":"url_verification","challenge":"still here"}`)
	timestamp := strconv.FormatInt(time.Now().Unix(), 10)
	mac := hmac.New(sha256.New, []byte(signingSecret))
	fmt.Fprintf(mac, "v0:%s:%s", timestamp, body)
	conn, err := net.Dial("tcp", public)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	fmt.Fprintf(conn, "POST /slack/events HTTP/1.1\r\nHost: %s\r\nContent-Type: application/json\r\nContent-Length: %d\r\n"+
		"X-Slack-Request-Timestamp: %s\r\nX-Slack-Signature: v0=%s\r\nExpect: 100-continue\r\n\r\n",
		public, len(body), timestamp, hex.EncodeToString(mac.Sum(nil)))
	answers := bufio.NewReader(conn)
	if line, err := answers.ReadString('\n'); err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("the api did not ask for the body: %q, %v", line, err)
	}
	if _, err := answers.ReadString('\n'); err != nil { // the empty line
		t.Fatal(err)
	}

	p.stop()
	p.logged(t, "api stops")
	if _, err := conn.Write(body); err != nil {
		t.Fatal(err)
	}
	res, err := http.ReadResponse(answers, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if got, err := io.ReadAll(res.Body); err != nil || res.StatusCode != http.StatusOK || !strings.Contains(string(got), "still here") {
		t.Errorf("answered %d %q, %v", res.StatusCode, got, err)
	}
	if err := p.end(t); err != nil {
		t.Errorf("told to stop, it failed: %v", err)
	}
}

func TestServersRefuseAPortThatIsTaken(t *testing.T) {
	t.Parallel()
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { taken.Close() })
	for _, test := range []struct {
		name  string
		run   server
		field func(*config.Config) *string
	}{
		{"api, public", app.API, func(c *config.Config) *string { return &c.ListenAddr }},
		{"api, admin", app.API, func(c *config.Config) *string { return &c.AdminListenAddr }},
		{"worker, admin", app.Worker, func(c *config.Config) *string { return &c.AdminListenAddr }},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			cfg := servers(t)
			*test.field(&cfg) = taken.Addr().String()
			err := start(t, test.run, cfg).end(t)
			if err == nil || !strings.Contains(err.Error(), "is another process using the port?") {
				t.Errorf("got %v", err)
			}
		})
	}
}

func TestAPIThatCannotStartLeavesNoListener(t *testing.T) {
	t.Parallel()
	probe, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	cfg := servers(t)
	cfg.ListenAddr = probe.Addr().String()
	cfg.AdminListenAddr = cfg.ListenAddr // which the public listener takes first
	if err := probe.Close(); err != nil {
		t.Fatal(err)
	}
	if err := start(t, app.API, cfg).end(t); err == nil {
		t.Fatal("one port was enough for two listeners")
	}
	again, err := net.Listen("tcp", cfg.ListenAddr)
	if err != nil {
		t.Fatalf("the public listener stays: %v", err)
	}
	again.Close()
}

func TestWorkerStopsWhileItWaitsForTemporal(t *testing.T) {
	t.Parallel()
	p := start(t, app.Worker, servers(t))
	p.logged(t, "temporal does not answer; waiting")
	p.stop()
	if err := p.end(t); err != nil {
		t.Errorf("told to stop, it failed: %v", err)
	}
}

// Without Temporal a worker has no work, and sweeps all the same.
func TestWorkerSweepsWhileItWaitsForTemporal(t *testing.T) {
	t.Parallel()
	cfg := servers(t)
	store, err := postgres.Open(t.Context(), cfg.DatabaseURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	long := time.Now().Add(-25 * time.Hour)
	d := postgres.Delivery{ID: helpdesk.NewInboxID(long), DeliveryID: "Ev1", Workspace: helpdesk.NewWorkspaceID(long), Kind: "message", Refs: []byte("{}"), ReceivedAt: long}
	d.Seal([]byte("text"), seal.NewKey())
	if _, err := store.PutDelivery(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- app.Worker(ctx, cfg, slog.New(slog.DiscardHandler)) }()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for late := time.After(patience); ; {
		bodiless, err := store.Bodiless(t.Context(), []helpdesk.InboxID{d.ID})
		if err != nil {
			t.Fatal(err)
		}
		if len(bodiless) == 1 {
			break
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatal("a body that has waited too long is still there")
		}
	}
	stop()
	if err := <-done; err != nil {
		t.Error(err)
	}
}

// A key store in the main database's backups would make every erasure a lie.
func TestServersRefuseOneClusterForBothStores(t *testing.T) {
	t.Parallel()
	for name, run := range map[string]server{"api": app.API, "worker": app.Worker} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := servers(t)
			cfg.KeystoreURL, _ = postgrestest.Keystore(t)
			if err := start(t, run, cfg).end(t); !errors.Is(err, app.ErrSameCluster) {
				t.Errorf("got %v, want %v", err, app.ErrSameCluster)
			}
		})
	}
}

func TestMigrateSaysWhatItApplied(t *testing.T) {
	t.Parallel()
	_, main := postgrestest.Main(t)
	_, keys := postgrestest.KeystoreApart(t)
	cfg := config.Config{DatabaseAdminURL: empty(t, main), KeystoreAdminURL: empty(t, keys)}
	var first, second bytes.Buffer
	if err := app.Migrate(t.Context(), cfg, &first); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"key store: applied 00001_", "key store: applied 00002_", "main database: applied 00001_", "main database: applied 00002_"} {
		if !strings.Contains(first.String(), want) {
			t.Errorf("on empty databases: no %q in\n%s", want, &first)
		}
	}
	if err := app.Migrate(t.Context(), cfg, &second); err != nil {
		t.Fatal(err)
	}
	if second.String() != "key store: up to date\nmain database: up to date\n" {
		t.Errorf("the second time:\n%s", &second)
	}
}

func TestMigrateSaysWhatItAppliedBeforeItFailed(t *testing.T) {
	t.Parallel()
	_, main := postgrestest.Main(t)
	_, keys := postgrestest.KeystoreApart(t)
	cfg := config.Config{DatabaseAdminURL: empty(t, main), KeystoreAdminURL: empty(t, keys)}
	conn, err := pgx.Connect(t.Context(), cfg.DatabaseAdminURL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), "create schema tenant"); err != nil { // in the way of the second migration
		t.Fatal(err)
	}
	var out bytes.Buffer
	err = app.Migrate(t.Context(), cfg, &out)
	if err == nil || !strings.Contains(err.Error(), "migrate main database") || strings.Contains(err.Error(), "test@") {
		t.Errorf("got %v", err)
	}
	if got := out.String(); !strings.Contains(got, "main database: applied 00001_") || strings.Contains(got, "main database: applied 00002_") {
		t.Errorf("said\n%s", got)
	}
}

// empty makes a database without a schema in the cluster of admin.
func empty(t *testing.T, admin secret.Value) secret.Value {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), admin.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	name := "empty" + strings.ToLower(rand.Text())
	if _, err := conn.Exec(t.Context(), "create database "+name); err != nil {
		t.Fatal(err)
	}
	return secret.New(strings.Replace(admin.Reveal(), "/"+conn.Config().Database+"?", "/"+name+"?", 1))
}
