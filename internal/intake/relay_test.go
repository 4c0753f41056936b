package intake_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/intake"
	"github.com/echo-synch/echo-synch/internal/observe"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// relay is one that runs beside an installed workspace with a channel; the deliveries of these tests need neither keys nor
// Temporal.
type relay struct {
	store     *postgres.Store
	admin     *pgx.Conn
	workspace helpdesk.WorkspaceID
	installed time.Time
}

func setupRelay(t *testing.T) *relay {
	t.Helper()
	appURL, adminURL := postgrestest.Main(t)
	store, err := postgres.Open(t.Context(), appURL)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	admin, err := pgx.Connect(t.Context(), adminURL.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = admin.Close(context.Background()) })
	temporal, err := client.NewLazyClient(client.Options{HostPort: "127.0.0.1:1", Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler))})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(temporal.Close)
	b := &relay{store: store, admin: admin, installed: time.Now().UTC().Truncate(time.Second)}
	b.workspace = helpdesk.NewWorkspaceID(b.installed)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		w := helpdesk.Workspace{Team: "T1", BotUser: "UBOT", Installer: "U1", Scopes: []string{}, AuthorizedAt: b.installed, Settings: helpdesk.DefaultSettings("UTC")}
		if err := tx.Install(ctx, w, []byte("token"), seal.NewKey()); err != nil {
			return err
		}
		if _, err := tx.Point(ctx, "T1", b.installed); err != nil {
			return err
		}
		_, err := tx.JoinChannel(ctx, "C1", b.installed)
		return err
	})
	r := intake.NewRelay(intake.Relay{
		Store: store, Temporal: temporal, Metrics: observe.NewMetrics(), Log: slog.New(slog.DiscardHandler), Now: time.Now,
	})
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); r.Run(ctx) }()
	t.Cleanup(func() { stop(); <-ended })
	return b
}

func (b *relay) in(t *testing.T, f func(context.Context, *postgres.Tx) error) {
	t.Helper()
	if err := b.store.InWorkspace(t.Context(), b.workspace, func(tx *postgres.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

// deliver stores that the channel was shared, as Slack told at the given time.
func (b *relay) deliver(t *testing.T, id string, at time.Time) helpdesk.InboxID {
	t.Helper()
	refs, err := json.Marshal(intake.Event{Kind: intake.KindShared, Channel: "C1", At: at})
	if err != nil {
		t.Fatal(err)
	}
	d := postgres.Delivery{ID: helpdesk.NewInboxID(b.installed), DeliveryID: id, Workspace: b.workspace, Kind: string(intake.KindShared), Refs: refs, ReceivedAt: b.installed}
	if stored, err := b.store.PutDelivery(t.Context(), d); err != nil || !stored {
		t.Fatalf("stored: %v, %v", stored, err)
	}
	return d.ID
}

// await polls until a delivery has this outcome, "" being that it waits after at least so many tries.
func (b *relay) await(t *testing.T, id helpdesk.InboxID, want string, tries int) {
	t.Helper()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	late := time.After(time.Minute)
	for {
		var outcome string
		var attempts int
		err := b.admin.QueryRow(t.Context(), `select coalesce(outcome, ''), attempts from system.inbox where inbox_id = $1`, id).Scan(&outcome, &attempts)
		if err != nil {
			t.Fatal(err)
		}
		if outcome == want && attempts >= tries {
			return
		}
		if outcome != "" && outcome != want {
			t.Fatalf("outcome %q, want %q", outcome, want)
		}
		select {
		case <-tick.C:
		case <-late:
			t.Fatalf("outcome %q after %d tries, want %q", outcome, attempts, want)
		}
	}
}

// What was delivered before an uninstall waits out the grace: a restored workspace has lost nothing.
func TestADeliveryWaitsOutTheGrace(t *testing.T) {
	t.Parallel()
	b := setupRelay(t)
	at := b.installed.Add(time.Second)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		_, begun, err := tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, at, at, 30*time.Minute)
		if !begun {
			t.Error("not begun")
		}
		return err
	})
	id := b.deliver(t, "Ev1", at)
	b.await(t, id, "", 2)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		if restored, err := tx.RestorePurge(ctx, at); err != nil || !restored {
			t.Errorf("restored: %v, %v", restored, err)
		}
		_, err := tx.Point(ctx, "T1", at)
		return err
	})
	b.await(t, id, string(intake.KindShared), 1)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		c, err := tx.ChannelBySlackID(ctx, "C1")
		if !c.External {
			t.Error("what was delivered has no effect")
		}
		return err
	})
}

// After the grace it is dropped, whatever was to be done.
func TestADeliveryAfterTheGrace(t *testing.T) {
	t.Parallel()
	b := setupRelay(t)
	at := b.installed.Add(time.Second)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		if _, _, err := tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, at, at, 0); err != nil {
			return err
		}
		_, err := tx.CommitPurge(ctx, at)
		return err
	})
	b.await(t, b.deliver(t, "Ev1", at), "uninstalled before", 1)
}

// An event that Slack told the workspace before this one, and tells again, is none of the new one's.
func TestADeliveryOlderThanTheInstallation(t *testing.T) {
	t.Parallel()
	b := setupRelay(t)
	b.await(t, b.deliver(t, "Ev1", b.installed.Add(-time.Minute)), "older than the installation", 1)
	b.await(t, b.deliver(t, "Ev2", b.installed.Add(-time.Second)), string(intake.KindShared), 1) // clocks differ a little
}
