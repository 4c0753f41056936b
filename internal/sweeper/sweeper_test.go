package sweeper_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/observe"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/purge"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/sweeper"
)

type bundle struct {
	*sweeper.Sweeper
	workspace helpdesk.WorkspaceID
	channel   helpdesk.ChannelID
	now       time.Time // what the sweeper takes for now
	opened    time.Time
}

// setup is an installed workspace with a retention of thirty days.
func setup(t *testing.T) *bundle {
	t.Helper()
	appURL, _ := postgrestest.Main(t)
	keysURL, _ := postgrestest.Keystore(t)
	store, err := postgres.Open(t.Context(), appURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	key := make([]byte, 32)
	rand.Read(key)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(key)+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	wrapper, err := seal.OpenLocal(file, false)
	if err != nil {
		t.Fatal(err)
	}
	keys, err := keystore.Open(t.Context(), keysURL, wrapper)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(keys.Close)
	b := &bundle{opened: time.Now().UTC().Truncate(time.Second)}
	b.now = b.opened
	temporal, err := client.NewLazyClient(client.Options{ // that does not answer
		HostPort: "127.0.0.1:1", Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(temporal.Close)
	now := func() time.Time { return b.now }
	signer, err := certificate.NewSigner(key)
	if err != nil {
		t.Fatal(err)
	}
	b.Sweeper = &sweeper.Sweeper{
		Purger: &purge.Purger{
			Store: store, Keys: keys, Temporal: temporal, Namespace: "echosynch", Log: slog.New(slog.DiscardHandler), Now: now,
		},
		Signer: signer, Store: store, Keys: keys, Metrics: observe.NewMetrics(), Log: slog.New(slog.DiscardHandler), Now: now,
	}
	b.workspace = helpdesk.NewWorkspaceID(b.opened)
	if err := keys.CreateWorkspaceKey(t.Context(), b.workspace); err != nil {
		t.Fatal(err)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		w := helpdesk.Workspace{Team: "T1", BotUser: "UBOT", Installer: "U1", Scopes: []string{}, AuthorizedAt: b.opened, Settings: helpdesk.DefaultSettings("UTC")}
		if err := tx.Install(ctx, w, []byte("token"), seal.NewKey()); err != nil {
			return err
		}
		if _, err := tx.Point(ctx, "T1", b.opened); err != nil {
			return err
		}
		c, err := tx.JoinChannel(ctx, "C1", b.opened)
		b.channel = c.ID
		return err
	})
	return b
}

func (b *bundle) in(t *testing.T, f func(context.Context, *postgres.Tx) error) {
	t.Helper()
	if err := b.Store.InWorkspace(t.Context(), b.workspace, func(tx *postgres.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// request opens one, with its summary.
func (b *bundle) request(t *testing.T, ts string) helpdesk.RequestID {
	t.Helper()
	id, key := helpdesk.NewRequestID(), seal.NewKey()
	if err := b.Keys.CreateRequestKeys(t.Context(), b.workspace, id, key); err != nil {
		t.Fatal(err)
	}
	keys, err := b.Keys.RequestKeys(t.Context(), b.workspace, id)
	if err != nil {
		t.Fatal(err)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := tx.OpenRequest(ctx, helpdesk.Request{
			ID: id, Channel: b.channel, OriginTS: ts, Requester: "U1", OpenedAt: b.opened,
		}, []byte("text"), key); err != nil {
			return err
		}
		return tx.SaveSummary(ctx, id, "summary", keys.Summary)
	})
	return id
}

// text and summary of a request, as whoever asks finds them.
func (b *bundle) read(t *testing.T, id helpdesk.RequestID) (text, summary string, scrubbed time.Time) {
	t.Helper()
	keys, err := b.Keys.RequestKeys(t.Context(), b.workspace, id)
	if err != nil {
		t.Fatal(err)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		raw, err := tx.RequestText(ctx, id, keys.Text)
		if err != nil && !errors.Is(err, helpdesk.ErrErased) {
			return err
		}
		text = string(raw)
		if summary, err = tx.Summary(ctx, id, keys.Summary); err != nil {
			return err
		}
		r, err := tx.Request(ctx, id)
		scrubbed = r.ScrubbedAt
		return err
	})
	if keys.HasText != (text != "") {
		t.Errorf("text %q, and there is a key: %v", text, keys.HasText)
	}
	return text, summary, scrubbed
}

// Without any workflow a text is gone within five minutes of its deadline, and not before; the summary stays.
func TestATextDiesWithoutAWorkflow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.request(t, "1.000001")
	deadline := b.opened.Add(helpdesk.DefaultRetention)
	for _, now := range []time.Time{b.opened, deadline, deadline.Add(time.Minute)} { // the workflow's time
		b.now = now
		if err := b.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if text, _, _ := b.read(t, id); text != "text" {
			t.Fatalf("text %q at %v, before the sweeper's time", text, now)
		}
	}
	b.now = deadline.Add(2 * time.Minute)
	for range 2 {
		if err := b.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	text, summary, scrubbed := b.read(t, id)
	if text != "" || summary != "summary" || !scrubbed.Equal(b.now) {
		t.Errorf("text %q, summary %q, scrubbed at %v", text, summary, scrubbed)
	}
	families, err := b.Metrics.Registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() == "echosynch_swept_total" && f.GetMetric()[0].GetCounter().GetValue() != 1 {
			t.Errorf("counted %v, want 1", f.GetMetric())
		}
	}
}

// A shorter retention that no workflow applies destroys what is past it all the same.
func TestAShorterRetentionWithoutAWorkflow(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.request(t, "1.000001")
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.SetRetention(ctx, helpdesk.MinRetention)
		return err
	})
	b.now = b.opened.Add(helpdesk.MinRetention + 5*time.Minute)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text, _, _ := b.read(t, id); text != "text" {
		t.Errorf("text %q five minutes after the new deadline, want it left to the workflow", text)
	}
	b.now = b.opened.Add(helpdesk.MinRetention + 11*time.Minute)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if text, summary, _ := b.read(t, id); text != "" || summary != "summary" {
		t.Errorf("text %q, summary %q", text, summary)
	}
}

// A crash between key and row leaves a key that nothing needs; a key that something needs stays.
func TestKeysWithoutAnOwner(t *testing.T) {
	t.Parallel()
	b := setup(t)
	needed, orphan := b.request(t, "1.000001"), helpdesk.NewRequestID()
	if err := b.Keys.CreateRequestKeys(t.Context(), b.workspace, orphan, seal.NewKey()); err != nil {
		t.Fatal(err)
	}
	waiting, lost := helpdesk.NewInboxID(b.opened), helpdesk.NewInboxID(b.opened)
	for _, id := range []helpdesk.InboxID{waiting, lost} {
		if err := b.Keys.PutInboxKey(t.Context(), id, seal.NewKey()); err != nil {
			t.Fatal(err)
		}
	}
	d := postgres.Delivery{ID: waiting, DeliveryID: "Ev1", Workspace: b.workspace, Kind: "message", Refs: []byte("{}"), ReceivedAt: b.opened}
	d.Seal([]byte("text"), seal.NewKey())
	if _, err := b.Store.PutDelivery(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	exists := func() (request, inbox [2]bool) {
		for i, id := range []helpdesk.RequestID{needed, orphan} {
			_, err := b.Keys.RequestKeys(t.Context(), b.workspace, id)
			request[i] = err == nil
		}
		for i, id := range []helpdesk.InboxID{waiting, lost} {
			_, err := b.Keys.InboxKey(t.Context(), id)
			inbox[i] = err == nil
		}
		return request, inbox
	}
	for _, tt := range []struct {
		at   time.Duration
		want bool // the ones without an owner are there
	}{{time.Minute, true}, {2 * time.Hour, false}} {
		b.now = time.Now().Add(tt.at) // keys are dated by the key store's clock
		if err := b.SweepKeys(t.Context()); err != nil {
			t.Fatal(err)
		}
		request, inbox := exists()
		if want := [2]bool{true, tt.want}; request != want || inbox != want {
			t.Errorf("after %v: request keys %v, inbox keys %v, want %v", tt.at, request, inbox, want)
		}
	}
}

// A delivery that could not be handed over for a day loses its body: no text outlives the shortest retention.
func TestABodyThatWaitsTooLong(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, key := helpdesk.NewInboxID(b.opened), seal.NewKey()
	if err := b.Keys.PutInboxKey(t.Context(), id, key); err != nil {
		t.Fatal(err)
	}
	d := postgres.Delivery{ID: id, DeliveryID: "Ev1", Workspace: b.workspace, Kind: "message", Refs: []byte("{}"), ReceivedAt: b.opened}
	d.Seal([]byte("text"), key)
	if _, err := b.Store.PutDelivery(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	b.now = b.opened.Add(23 * time.Hour)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Keys.InboxKey(t.Context(), id); err != nil {
		t.Fatalf("gone after 23 hours: %v", err)
	}
	b.now = b.opened.Add(25 * time.Hour)
	if err := b.Sweep(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := b.Keys.InboxKey(t.Context(), id); !errors.Is(err, helpdesk.ErrErased) {
		t.Errorf("its key after 25 hours: %v, want ErrErased", err)
	}
	if claimed, err := b.Store.ClaimDeliveries(t.Context(), b.now, time.Minute, helpdesk.WorkspaceID{}, 10); err != nil || len(claimed) != 0 {
		t.Errorf("still handed over: %v, %v", claimed, err)
	}
}
