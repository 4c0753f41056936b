package purge_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	sdklog "go.temporal.io/sdk/log"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/purge"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// bundle is a workspace with some requests in real databases, and a Temporal that does not answer: what a purge does with
// one that does is told by the end-to-end tests.
type bundle struct {
	*purge.Purger
	keysAdmin secret.Value
	workspace helpdesk.WorkspaceID
	requests  []helpdesk.RequestID
	mu        sync.Mutex
	now       time.Time
	opened    time.Time
}

func (b *bundle) clock() time.Time {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.now
}

func (b *bundle) later(d time.Duration) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.now = b.now.Add(d)
}

func setup(t *testing.T) *bundle {
	t.Helper()
	appURL, _ := postgrestest.Main(t)
	keysURL, keysAdmin := postgrestest.Keystore(t)
	store := must(postgres.Open(t.Context(), appURL))(t)
	t.Cleanup(store.Close)
	wrapper := must(seal.OpenLocal(keyFile(t), false))(t)
	keys := must(keystore.Open(t.Context(), keysURL, wrapper))(t)
	t.Cleanup(keys.Close)
	temporal := must(client.NewLazyClient(client.Options{
		HostPort: "127.0.0.1:1", Logger: sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)),
	}))(t)
	t.Cleanup(temporal.Close)
	b := &bundle{opened: time.Now().UTC().Truncate(time.Second), keysAdmin: keysAdmin}
	b.now = b.opened
	b.Purger = &purge.Purger{
		Store: store, Keys: keys, Temporal: temporal, Namespace: "echosynch", Log: slog.New(slog.DiscardHandler), Now: b.clock,
		Signer: must(certificate.NewSigner(make([]byte, 32)))(t),
	}
	b.install(t)
	for n := range 5 {
		b.request(t, fmt.Sprintf("1700000000.00000%d", n))
	}
	b.delivery(t, "Ev1")
	b.later(time.Minute)
	return b
}

// install makes the team mean a new workspace.
func (b *bundle) install(t *testing.T) {
	t.Helper()
	b.workspace, b.requests = helpdesk.NewWorkspaceID(b.clock()), nil
	if err := b.Keys.CreateWorkspaceKey(t.Context(), b.workspace); err != nil {
		t.Fatal(err)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		w := helpdesk.Workspace{Team: "T1", BotUser: "UBOT", Installer: "U1", Scopes: []string{}, AuthorizedAt: b.clock(), Settings: helpdesk.DefaultSettings("UTC")}
		if err := tx.Install(ctx, w, []byte("token"), seal.NewKey()); err != nil {
			return err
		}
		pointed, err := tx.Point(ctx, "T1", b.clock())
		if !pointed {
			t.Error("not pointed")
		}
		return err
	})
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

func (b *bundle) in(t *testing.T, f func(context.Context, *postgres.Tx) error) {
	t.Helper()
	if err := b.Store.InWorkspace(t.Context(), b.workspace, func(tx *postgres.Tx) error { return f(t.Context(), tx) }); err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) request(t *testing.T, ts string) {
	t.Helper()
	id, key := helpdesk.NewRequestID(), seal.NewKey()
	if err := b.Keys.CreateRequestKeys(t.Context(), b.workspace, id, key); err != nil {
		t.Fatal(err)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		c, err := tx.JoinChannel(ctx, "C1", b.opened)
		if err != nil {
			return err
		}
		_, err = tx.OpenRequest(ctx, helpdesk.Request{ID: id, Channel: c.ID, OriginTS: ts, Requester: "U1", OpenedAt: b.opened}, []byte("text"), key)
		return err
	})
	b.requests = append(b.requests, id)
}

// delivery is one that waits in the inbox, with text.
func (b *bundle) delivery(t *testing.T, id string) {
	t.Helper()
	d := postgres.Delivery{
		ID: helpdesk.NewInboxID(b.opened), DeliveryID: id, Workspace: b.workspace, Kind: "message", Refs: []byte("{}"), ReceivedAt: b.opened,
	}
	key := seal.NewKey()
	if err := b.Keys.PutInboxKey(t.Context(), d.ID, key); err != nil {
		t.Fatal(err)
	}
	d.Seal([]byte("text"), key)
	if _, err := b.Store.PutDelivery(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) uninstall(t *testing.T, grace time.Duration) {
	t.Helper()
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		_, begun, err := tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, b.clock(), b.clock(), grace)
		if !begun {
			t.Error("not begun")
		}
		return err
	})
}

// unreachable reports whether Temporal was all that failed.
func unreachable(err error) bool {
	var unavailable *serviceerror.Unavailable
	return errors.As(err, &unavailable) || errors.Is(err, context.DeadlineExceeded)
}

// Within the grace nothing is destroyed but the token.
func TestTheGrace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.uninstall(t, 10*time.Minute)
	for range 2 {
		now, wait, err := b.Next(t.Context(), b.workspace)
		if err != nil || now.Step() != helpdesk.PurgeGrace || wait <= 0 || wait > 10*time.Minute {
			t.Fatalf("step %s, wait %v, %v", now.Step(), wait, err)
		}
		b.later(4 * time.Minute)
	}
	if _, err := b.Keys.RequestKeys(t.Context(), b.workspace, b.requests[0]); err != nil {
		t.Errorf("a key in the grace: %v", err)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		restored, err := tx.RestorePurge(ctx, b.clock())
		if !restored {
			t.Error("not restored")
		}
		return err
	})
	b.later(time.Hour)
	if now, _, err := b.Next(t.Context(), b.workspace); err != nil || now.Step() != helpdesk.PurgeRestored {
		t.Errorf("after a reinstall: step %s, %v", now.Step(), err)
	}
	if _, err := b.Keys.RequestKeys(t.Context(), b.workspace, b.requests[0]); err != nil {
		t.Errorf("a key after a reinstall: %v", err)
	}
}

// While Temporal is down everything goes but the histories, and nobody is told that it is over.
func TestWithoutTemporal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.uninstall(t, 0)
	var now helpdesk.Purge
	for range 10 {
		var err error
		if now, _, err = b.Next(t.Context(), b.workspace); err != nil && !unreachable(err) {
			t.Fatal(err)
		}
		b.later(time.Second)
	}
	if now.KeysAt.IsZero() || now.ListedAt.IsZero() || now.RowsAt.IsZero() {
		t.Errorf("keys, listing and rows do not need Temporal: %+v", now)
	}
	if !now.HistoriesAt.IsZero() || !now.CensusAt.IsZero() || now.Ended() || now.Step() != helpdesk.PurgeHistories {
		t.Errorf("over without the histories: %+v", now)
	}
	if now.Keys != 6 || now.Histories != 0 || now.Rows < 14 { // five requests and the workspace; a delivery has its key apart
		t.Errorf("counted %d keys, %d histories, %d rows", now.Keys, now.Histories, now.Rows)
	}
	if left, err := b.Keys.Census(t.Context(), b.workspace); err != nil || left != 0 {
		t.Errorf("%d keys left, %v", left, err)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		left, err := tx.Census(ctx)
		if len(left) != 1 || left["system.purge_run"] != 5 {
			t.Errorf("left: %v, want the list of histories alone", left)
		}
		return err
	})
}

// A delivery that was under way when the keys went is destroyed with its key.
func TestADeliveryThatWasUnderWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.uninstall(t, 0)
	if now, _, err := b.Next(t.Context(), b.workspace); err != nil || now.KeysAt.IsZero() {
		t.Fatalf("%+v, %v", now, err)
	}
	b.delivery(t, "Ev2")
	for range 6 {
		if _, _, err := b.Next(t.Context(), b.workspace); err != nil && !unreachable(err) {
			t.Fatal(err)
		}
		b.later(time.Second)
	}
	old := must(b.Keys.OldInboxKeys(t.Context(), time.Now().Add(time.Hour), helpdesk.InboxID{}, 10))(t)
	if len(old) != 0 {
		t.Errorf("%d keys of deliveries left", len(old))
	}
}

// Two processes that work on one purge do no harm to each other.
func TestTwoAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.uninstall(t, 0)
	var both sync.WaitGroup
	for range 2 {
		both.Go(func() {
			for range 6 {
				if _, _, err := b.Next(t.Context(), b.workspace); err != nil && !unreachable(err) {
					t.Error(err)
				}
			}
		})
	}
	both.Wait()
	now, _, err := b.Next(t.Context(), b.workspace)
	if !unreachable(err) || now.RowsAt.IsZero() || now.Keys != 6 {
		t.Errorf("%+v, %v", now, err)
	}
}

// While the key store is down nothing goes on: no row is deleted before its key.
func TestWithoutTheKeyStore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.uninstall(t, 0)
	b.Keys.Close()
	for range 3 {
		if _, _, err := b.Next(t.Context(), b.workspace); err == nil {
			t.Fatal("went on without the key store")
		}
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		left, err := tx.Census(ctx)
		if left["tenant.request"] != 5 {
			t.Errorf("left: %v, want every request", left)
		}
		p, loaded := tx.Purge(ctx)
		if p.Step() != helpdesk.PurgeKeys {
			t.Errorf("step %s", p.Step())
		}
		return errors.Join(err, loaded)
	})
}

// A key store that cannot write, its disk being full, holds the purge up and loses nothing of it.
func TestTheKeyStoresDiskIsFull(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.uninstall(t, 0)
	conn := must(pgx.Connect(t.Context(), b.keysAdmin.Reveal()))(t)
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `
		create function no_space() returns trigger language plpgsql as $$ begin raise exception 'No space left on device' using errcode = 'disk_full'; end $$;
		create trigger no_space before update or delete on keystore.workspace_key for each statement execute function no_space()`); err != nil {
		t.Fatal(err)
	}
	for range 3 {
		if now, _, err := b.Next(t.Context(), b.workspace); err == nil || now.Step() != helpdesk.PurgeKeys {
			t.Fatalf("went on with a full disk: step %s, %v", now.Step(), err)
		}
	}
	if _, err := conn.Exec(t.Context(), `drop trigger no_space on keystore.workspace_key`); err != nil {
		t.Fatal(err)
	}
	for range 5 {
		if _, _, err := b.Next(t.Context(), b.workspace); err != nil && !unreachable(err) {
			t.Fatal(err)
		}
	}
	if left, err := b.Keys.Census(t.Context(), b.workspace); err != nil || left != 0 {
		t.Errorf("%d keys left, %v", left, err)
	}
}

// A team that installs the app again while its old workspace is being destroyed, and uninstalls it again: two purges that
// have nothing to do with each other.
func TestTwoPurgesOfOneTeam(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.uninstall(t, 0)
	first := b.workspace
	if now, _, err := b.Next(t.Context(), first); err != nil || now.KeysAt.IsZero() {
		t.Fatalf("%+v, %v", now, err)
	}
	b.later(time.Minute)
	b.install(t)
	b.request(t, "1700000000.000009")
	second := b.workspace
	for range 5 { // the old purge leaves the new workspace alone
		if _, _, err := b.Next(t.Context(), first); err != nil && !unreachable(err) {
			t.Fatal(err)
		}
	}
	if id, err := b.Store.Installed(t.Context(), "T1"); err != nil || id != second {
		t.Errorf("the team means %v, %v", id, err)
	}
	if _, err := b.Keys.RequestKeys(t.Context(), second, b.requests[0]); err != nil {
		t.Errorf("a key of the new workspace: %v", err)
	}
	b.later(time.Minute)
	b.uninstall(t, 0)
	for range 6 {
		for _, id := range []helpdesk.WorkspaceID{first, second} {
			if _, _, err := b.Next(t.Context(), id); err != nil && !unreachable(err) {
				t.Fatal(err)
			}
		}
	}
	for id, requests := range map[helpdesk.WorkspaceID]int64{first: 5, second: 1} {
		now, _, _ := b.Next(t.Context(), id) // fails, because Temporal is down
		var left int64
		if err := b.Store.InWorkspace(t.Context(), id, func(tx *postgres.Tx) (err error) {
			left, _, err = tx.CountRuns(t.Context())
			return err
		}); err != nil {
			t.Fatal(err)
		}
		if now.RowsAt.IsZero() || left != requests || now.Keys != requests+1 {
			t.Errorf("purge of %d requests: %d histories left, %+v", requests, left, now)
		}
	}
}
