package restore_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/restore"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// bundle is two real databases. What a restore brings back is made by destroying keys and leaving the rows.
type bundle struct {
	restore.Marks
	admin, keysAdmin secret.Value
	wrapper          seal.Wrapper
}

func setup(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{}
	var app, keysApp secret.Value
	app, b.admin = postgrestest.Main(t)
	keysApp, b.keysAdmin = postgrestest.Keystore(t)
	key := make([]byte, 32)
	rand.Read(key)
	file := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(file, []byte(base64.StdEncoding.EncodeToString(key)), 0o600); err != nil {
		t.Fatal(err)
	}
	b.wrapper = must(seal.OpenLocal(file, false))(t)
	b.Now = time.Now
	b.Store = must(postgres.Open(t.Context(), app))(t)
	t.Cleanup(b.Store.Close)
	b.Keys = must(keystore.Open(t.Context(), keysApp, b.wrapper))(t)
	t.Cleanup(b.Keys.Close)
	return b
}

func must[T any](v T, err error) func(testing.TB) T {
	return func(t testing.TB) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func ok(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) reconciler() *restore.Reconciler {
	return &restore.Reconciler{Store: b.Store, Keys: b.Keys, Log: slog.New(slog.DiscardHandler), Now: time.Now}
}

func (b *bundle) in(t *testing.T, id helpdesk.WorkspaceID, f func(context.Context, *postgres.Tx) error) {
	t.Helper()
	ok(t, b.Store.InWorkspace(t.Context(), id, func(tx *postgres.Tx) error { return f(t.Context(), tx) }))
}

// workspace installs a team, with its key and a token.
func (b *bundle) workspace(t *testing.T, team string) helpdesk.WorkspaceID {
	t.Helper()
	id := helpdesk.NewWorkspaceID(time.Now())
	ok(t, b.Keys.CreateWorkspaceKey(t.Context(), id))
	key := must(b.Keys.WorkspaceKey(t.Context(), id))(t)
	b.in(t, id, func(ctx context.Context, tx *postgres.Tx) error {
		w := helpdesk.Workspace{
			Team: team, BotUser: "UBOT", Installer: "U1", Scopes: []string{}, AuthorizedAt: time.Now(), Settings: helpdesk.DefaultSettings("UTC"),
		}
		if err := tx.Install(ctx, w, []byte("token"), key); err != nil {
			return err
		}
		_, err := tx.Point(ctx, team, time.Now())
		return err
	})
	return id
}

// request opens one with a text and a summary.
func (b *bundle) request(t *testing.T, ws helpdesk.WorkspaceID, ts string) helpdesk.RequestID {
	t.Helper()
	id := helpdesk.NewRequestID()
	ok(t, b.Keys.CreateRequestKeys(t.Context(), ws, id, seal.NewKey()))
	keys := must(b.Keys.RequestKeys(t.Context(), ws, id))(t)
	b.in(t, ws, func(ctx context.Context, tx *postgres.Tx) error {
		c, err := tx.JoinChannel(ctx, "C1", time.Now().Add(-time.Hour))
		if err != nil {
			return err
		}
		r := helpdesk.Request{ID: id, Channel: c.ID, OriginTS: ts, Requester: "U1", OpenedAt: time.Now()}
		if _, err := tx.OpenRequest(ctx, r, []byte("what I wrote"), keys.Text); err != nil {
			return err
		}
		return tx.SaveSummary(ctx, id, "what it is about", keys.Summary)
	})
	return id
}

// body stores a delivery that waits with what somebody wrote.
func (b *bundle) body(t *testing.T, ws helpdesk.WorkspaceID, delivery string) helpdesk.InboxID {
	t.Helper()
	d := postgres.Delivery{
		ID: helpdesk.NewInboxID(time.Now()), DeliveryID: delivery, Workspace: ws, Kind: "message", Refs: []byte(`{}`), ReceivedAt: time.Now(),
	}
	key := seal.NewKey()
	ok(t, b.Keys.PutInboxKey(t.Context(), d.ID, key))
	d.Seal([]byte("what I wrote"), key)
	must(b.Store.PutDelivery(t.Context(), d))(t)
	return d.ID
}

// sql runs statements as an administrator: what the product cannot do, or an operator did by mistake.
func sql(t *testing.T, admin secret.Value, statements ...string) {
	t.Helper()
	conn := must(pgx.Connect(t.Context(), admin.Reveal()))(t)
	defer conn.Close(context.WithoutCancel(t.Context()))
	for _, s := range statements {
		_, err := conn.Exec(t.Context(), s)
		ok(t, err)
	}
}
