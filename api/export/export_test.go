package export_test

import (
	"archive/zip"
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/echo-synch/echo-synch/api"
	"github.com/echo-synch/echo-synch/api/export"
	"github.com/echo-synch/echo-synch/internal/archive"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// bundle is a workspace with one request, a link to its export, and the api over both; Temporal is down.
type bundle struct {
	store     *postgres.Store
	keys      *keystore.Store
	workspace helpdesk.WorkspaceID
	request   helpdesk.DataRequestID
	url       string // of the link
	base      string
	log       *bytes.Buffer
	now       time.Time
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{now: time.Now().UTC(), workspace: helpdesk.NewWorkspaceID(time.Now()), log: &bytes.Buffer{}}
	app, _ := postgrestest.Main(t)
	keysURL, _ := postgrestest.Keystore(t)
	b.store = must(postgres.Open(t.Context(), app))(t)
	t.Cleanup(b.store.Close)
	key := make([]byte, 32)
	rand.Read(key)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	b.keys = must(keystore.Open(t.Context(), keysURL, must(seal.OpenLocal(file, false))(t)))(t)
	t.Cleanup(b.keys.Close)
	temporal := must(client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1", Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))}))(t)
	t.Cleanup(temporal.Close)
	clock := func() time.Time { return b.now }
	log := slog.New(slog.NewTextHandler(b.log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	server := api.New("", log, func(context.Context) ([]string, error) { return nil, nil }, &export.Handler{
		Store: b.store, Archive: &archive.Archive{Store: b.store, Keys: b.keys, Now: clock}, Temporal: temporal, Log: log, Now: clock,
	})
	running := httptest.NewServer(server.Handler)
	t.Cleanup(running.Close)
	b.base = running.URL + "/exports/"
	b.fill(t)
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

const token = "vpm2Xk6Qd0m3b0n7-a-token-of-43-characters-x"

func (b *bundle) fill(t *testing.T) {
	t.Helper()
	if err := b.keys.CreateWorkspaceKey(t.Context(), b.workspace); err != nil {
		t.Fatal(err)
	}
	id, key := helpdesk.NewRequestID(), seal.NewKey()
	if err := b.keys.CreateRequestKeys(t.Context(), b.workspace, id, key); err != nil {
		t.Fatal(err)
	}
	b.url, b.request = b.base+token, helpdesk.NewDataRequestID(b.now)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		w := helpdesk.Workspace{Team: "T1", BotUser: "U0BOT", Installer: "U0ALEX", Scopes: []string{}, AuthorizedAt: b.now.Add(-time.Hour), Settings: helpdesk.DefaultSettings("UTC")}
		if err := tx.Install(ctx, w, []byte("token"), seal.NewKey()); err != nil {
			return err
		}
		if _, err := tx.Point(ctx, "T1", b.now.Add(-time.Hour)); err != nil {
			return err
		}
		c, err := tx.JoinChannel(ctx, "C1", b.now)
		if err != nil {
			return err
		}
		if _, err := tx.OpenRequest(ctx, helpdesk.Request{ID: id, Channel: c.ID, OriginTS: "1.000001", Requester: "U1", OpenedAt: b.now}, []byte("the printer burns"), key); err != nil {
			return err
		}
		if _, _, err := tx.BeginDataRequest(ctx, helpdesk.DataRequest{
			ID: b.request, Kind: helpdesk.WorkspaceExport, AskedBy: "operator:root", AskedAt: b.now, DueAt: b.now.Add(helpdesk.LinkFor), Step: helpdesk.ExportWaits,
		}); err != nil {
			return err
		}
		return tx.PutExportLink(ctx, sha256.Sum256([]byte(token)), b.request, b.now.Add(helpdesk.LinkFor))
	})
}

func (b *bundle) in(t *testing.T, f func(context.Context, *postgres.Tx) error) {
	t.Helper()
	if err := b.store.InWorkspace(t.Context(), b.workspace, func(tx *postgres.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// answer is what came back.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func ask(t *testing.T, method, url string) answer {
	t.Helper()
	request := must(http.NewRequestWithContext(t.Context(), method, url, nil))(t)
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	return answer{response.StatusCode, response.Header, must(io.ReadAll(response.Body))(t)}
}

func TestALinkIsUsedByItsButtonOnly(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, method := range []string{http.MethodGet, http.MethodHead, http.MethodGet} {
		if got := ask(t, method, b.url); method == http.MethodGet && got.status != http.StatusOK {
			t.Fatalf("%s: %d", method, got.status)
		}
	}
	got := ask(t, http.MethodPost, b.url)
	for header, want := range map[string]string{
		"Content-Type": "application/zip", "Cache-Control": "no-store", "Referrer-Policy": "no-referrer", "X-Robots-Tag": "noindex, nofollow",
	} {
		if is := got.header.Get(header); is != want {
			t.Errorf("%s: %q", header, is)
		}
	}
	z := must(zip.NewReader(bytes.NewReader(got.body), int64(len(got.body))))(t)
	f := must(z.Open("requests.json"))(t)
	if raw := must(io.ReadAll(f))(t); !strings.Contains(string(raw), "the printer burns") {
		t.Errorf("requests.json: %s", raw)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		d, err := tx.DataRequest(ctx, b.request)
		if d.Outcome != helpdesk.DataExported || d.Requests != 1 || d.Texts != 1 {
			t.Errorf("recorded %+v", d)
		}
		n := 0
		return errors.Join(err, tx.AuditLog(ctx, func(e helpdesk.AuditEntry) error {
			if n++; n > 1 || e.Action != helpdesk.AuditExported || e.Actor != "operator:root" || e.Object != "workspace" {
				t.Errorf("entry %+v", e)
			}
			return nil
		}))
	})
	if strings.Contains(b.log.String(), token) {
		t.Error("the log holds the token")
	}
}

// Wrong, used, expired and ended ones answer alike, to the byte.
func TestLinksThatDoNotWorkLookAlike(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.now = b.now.Add(helpdesk.LinkFor + time.Second)
	expired := ask(t, http.MethodGet, b.url).body
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		for name, url := range map[string]string{"wrong": b.base + strings.Repeat("A", 43), "short": b.base + "x", "expired": b.url} {
			got := ask(t, method, url)
			if got.status != http.StatusNotFound || !bytes.Equal(got.body, expired) || got.header.Get("Cache-Control") != "no-store" {
				t.Errorf("%s %s: %d %s", method, name, got.status, got.body)
			}
		}
	}
	b.now = b.now.Add(-time.Hour)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		_, _, err := tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, b.now, b.now, time.Minute)
		return err
	})
	if got := ask(t, http.MethodPost, b.url); got.status != http.StatusNotFound || !bytes.Equal(got.body, expired) {
		t.Errorf("of an uninstalled workspace: %d %s", got.status, got.body)
	}
}

// A download that breaks off is no whole file, and has used its link up.
func TestABrokenDownload(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error { // a text that does not open
		c, err := tx.JoinChannel(ctx, "C1", b.now)
		if err != nil {
			return err
		}
		id := helpdesk.NewRequestID()
		if err := b.keys.CreateRequestKeys(ctx, b.workspace, id, seal.NewKey()); err != nil {
			return err
		}
		_, err = tx.OpenRequest(ctx, helpdesk.Request{ID: id, Channel: c.ID, OriginTS: "2.000001", Requester: "U1", OpenedAt: b.now}, []byte("x"), seal.NewKey())
		return err
	})
	request := must(http.NewRequestWithContext(t.Context(), http.MethodPost, b.url, nil))(t)
	response, err := http.DefaultClient.Do(request)
	if err == nil {
		_, err = io.ReadAll(response.Body)
		_ = response.Body.Close() // broken, as wanted
	}
	if err == nil {
		t.Error("the reader takes it for the whole")
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		d, err := tx.DataRequest(ctx, b.request)
		if d.Outcome != helpdesk.DataBroken {
			t.Errorf("recorded %+v", d)
		}
		return err
	})
	if got := ask(t, http.MethodPost, b.url); got.status != http.StatusNotFound {
		t.Errorf("a second time: %d", got.status)
	}
}
