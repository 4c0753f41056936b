package keystore_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/dynamosim"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// counting counts what a KMS would be asked.
type counting struct {
	*seal.Local
	keys           []string
	meanwhile      func() // what somebody else does while the next key is made or unwrapped
	wraps, unwraps atomic.Int64
}

func (c *counting) Wrap(ctx context.Context, of seal.Context, plain []byte) ([]byte, error) {
	c.wraps.Add(1)
	return c.Local.Wrap(ctx, of, plain)
}

func (c *counting) Unwrap(ctx context.Context, of seal.Context, wrapped []byte) ([]byte, error) {
	c.unwraps.Add(1)
	c.others()
	return c.Local.Unwrap(ctx, of, wrapped)
}

func (c *counting) Generate(ctx context.Context, of seal.Context) (seal.Key, []byte, error) {
	c.wraps.Add(1)
	c.others()
	return c.Local.Generate(ctx, of)
}

// others runs meanwhile, once.
func (c *counting) others() {
	if f := c.meanwhile; f != nil {
		c.meanwhile = nil
		f()
	}
}

// slowly is the same wrapper for one process, with what happens during its next call.
func (c *counting) slowly(t *testing.T, meanwhile func()) *counting {
	t.Helper()
	w := wrapper(t, c.keys...)
	w.meanwhile = meanwhile
	return w
}

// wrapper wraps under the first of some keys, by default a fresh one and another that is not in use yet.
func wrapper(t *testing.T, keys ...string) *counting {
	t.Helper()
	if keys == nil {
		for range 2 {
			keys = append(keys, base64.StdEncoding.EncodeToString(seal.NewKey().Bytes()))
		}
	}
	path := filepath.Join(t.TempDir(), "key")
	must(t, os.WriteFile(path, []byte(strings.Join(keys, "\n")), 0o600))
	local, err := seal.OpenLocal(path, true)
	must(t, err)
	return &counting{Local: local, keys: keys}
}

// successor is the wrapper whose wrapping key was replaced by the other one.
func (c *counting) successor(t *testing.T) *counting {
	t.Helper()
	return wrapper(t, c.keys[1], c.keys[0])
}

// alone is the wrapper without the other key.
func (c *counting) alone(t *testing.T) *counting {
	t.Helper()
	return wrapper(t, c.keys[0])
}

// bundle is a key store with one workspace that has one request.
type bundle struct {
	*keystore.Store
	url, admin secret.Value
	table      *dynamosim.Table // where the keys are in DynamoDB
	wrapper    *counting
	workspace  helpdesk.WorkspaceID
	request    helpdesk.RequestID
	text       seal.Key
}

func setup(t *testing.T) *bundle {
	t.Helper()
	return fresh(t).fill(t)
}

// fresh is a bundle that nobody has opened yet.
func fresh(t *testing.T) *bundle {
	t.Helper()
	b := &bundle{wrapper: wrapper(t)}
	b.url, b.admin = postgrestest.Keystore(t)
	return b
}

func (b *bundle) fill(t *testing.T) *bundle {
	t.Helper()
	b.text, b.workspace, b.request = seal.NewKey(), helpdesk.NewWorkspaceID(time.Now()), helpdesk.NewRequestID()
	b.Store = b.open(t)
	must(t, b.CreateWorkspaceKey(t.Context(), b.workspace))
	must(t, b.CreateRequestKeys(t.Context(), b.workspace, b.request, b.text))
	return b
}

// each runs a test on both implementations.
func each(t *testing.T, f func(t *testing.T, setup func(*testing.T) *bundle)) {
	t.Helper()
	for name, fresh := range map[string]func(*testing.T) *bundle{"Postgres": fresh, "DynamoDB": freshTable} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			f(t, func(t *testing.T) *bundle { return fresh(t).fill(t) })
		})
	}
}

// open is another process on the same key store.
func (b *bundle) open(t *testing.T) *keystore.Store {
	t.Helper()
	return b.openWith(t, b.wrapper)
}

func (b *bundle) openWith(t *testing.T, w seal.Wrapper) *keystore.Store {
	t.Helper()
	s, err := keystore.Open(t.Context(), b.url, w)
	must(t, err)
	t.Cleanup(s.Close)
	return s
}

// exec does to the database what no method does.
func (b *bundle) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), b.admin.Reveal())
	must(t, err)
	_, err = conn.Exec(t.Context(), sql, args...)
	must(t, errors.Join(err, conn.Close(t.Context())))
}

// condemn leaves the workspace as a purge does that was broken off after its commit point.
func (b *bundle) condemn(t *testing.T) {
	t.Helper()
	if b.table != nil {
		b.table.Edit("workspace/"+b.workspace.String(), "key", func(keys map[string]string) { clear(keys) })
		return
	}
	b.exec(t, `update keystore.workspace_key set wrapped = null, before = null, field_key = null where workspace_id = $1`, b.workspace)
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// must1 is the value of a call that succeeds.
func must1[T any](v T, err error) func(*testing.T) T {
	return func(t *testing.T) T {
		t.Helper()
		must(t, err)
		return v
	}
}

func wantErased(t *testing.T, what string, err error) {
	t.Helper()
	if !errors.Is(err, helpdesk.ErrErased) {
		t.Errorf("%s: got %v, want %v", what, err, helpdesk.ErrErased)
	}
}

func wantSame(t *testing.T, what string, got, want seal.Key) {
	t.Helper()
	if got.IsZero() || want.IsZero() || !bytes.Equal(got.Bytes(), want.Bytes()) {
		t.Errorf("%s: another key", what)
	}
}

func TestAnswersToPing(t *testing.T) {
	t.Parallel()
	b := setup(t)
	must(t, b.Ping(t.Context()))
	b.Close()
	if b.Ping(t.Context()) == nil {
		t.Error("a closed key store answers")
	}
}

func TestEveryKeySurvivesARestart(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		delivery, deliveryKey := helpdesk.NewInboxID(time.Now()), seal.NewKey()
		must(t, b.PutInboxKey(ctx, delivery, deliveryKey))
		workspace, err := b.WorkspaceKey(ctx, b.workspace)
		must(t, err)
		keys, err := b.RequestKeys(ctx, b.workspace, b.request)
		must(t, err)
		b.Close()

		after := b.open(t)
		got, err := after.WorkspaceKey(ctx, b.workspace)
		must(t, err)
		wantSame(t, "workspace key", got, workspace)
		got, err = after.InboxKey(ctx, delivery)
		must(t, err)
		wantSame(t, "key of a delivery", got, deliveryKey)
		again, err := after.RequestKeys(ctx, b.workspace, b.request)
		must(t, err)
		wantSame(t, "text key", again.Text, b.text)
		wantSame(t, "summary key", again.Summary, keys.Summary)
	})
}

func TestProcessesThatStartTogetherShareTheIngressKey(t *testing.T) {
	t.Parallel()
	for name, fresh := range map[string]func(*testing.T) *bundle{"Postgres": fresh, "DynamoDB": freshTable} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, delivery, key, b := t.Context(), helpdesk.NewInboxID(time.Now()), seal.NewKey(), fresh(t)
			stores, errs := make(chan *keystore.Store, 4), make(chan error, 4)
			for range 4 {
				go func() {
					s, err := keystore.Open(ctx, b.url, b.wrapper)
					stores <- s
					errs <- err
				}()
			}
			for i := range 4 {
				must(t, <-errs)
				s := <-stores
				t.Cleanup(s.Close)
				if i == 0 {
					must(t, s.PutInboxKey(ctx, delivery, key))
				}
				got, err := s.InboxKey(ctx, delivery)
				must(t, err)
				wantSame(t, "key of a delivery", got, key)
			}
		})
	}
}

func TestWrongWrapperIsRefused(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		b := setup(t)
		if _, err := keystore.Open(t.Context(), b.url, wrapper(t)); !errors.Is(err, seal.ErrOpen) || !strings.Contains(err.Error(), "LOCAL_KMS_KEY_FILE") {
			t.Errorf("got %v, want an error that names the key file", err)
		}
	})
}

func TestOpenRefusesARoleThatCouldDoMore(t *testing.T) {
	t.Parallel()
	app, admin := postgrestest.Keystore(t)
	b := &bundle{admin: admin}
	suffix := "_" + strings.ToLower(helpdesk.NewRequestID().String()[:8])
	for role, attributes := range map[string]string{
		"owner":    "in role echosynch_owner, echosynch_app",
		"bypass":   "bypassrls in role echosynch_app",
		"super":    "superuser in role echosynch_app",
		"stranger": "",
	} {
		b.exec(t, fmt.Sprintf(`create role %s login password 'test' %s`, role+suffix, attributes))
		url := secret.New(strings.Replace(app.Reveal(), "//app:", "//"+role+suffix+":", 1))
		if _, err := keystore.Open(t.Context(), url, wrapper(t)); !errors.Is(err, keystore.ErrRole) {
			t.Errorf("%s: %v", role, err)
		}
	}
	for name, url := range map[string]string{
		"administrator":             admin.Reveal(),
		"administrator in disguise": admin.Reveal() + "&role=app",
	} {
		if _, err := keystore.Open(t.Context(), secret.New(url), wrapper(t)); !errors.Is(err, keystore.ErrRole) {
			t.Errorf("%s: %v", name, err)
		}
	}
	conn, err := pgx.Connect(t.Context(), admin.Reveal())
	must(t, err)
	defer conn.Close(t.Context())
	var left int
	must(t, conn.QueryRow(t.Context(), `select count(*) from keystore.ingress_key`).Scan(&left))
	if left != 0 {
		t.Error("a refused role left an ingress key behind")
	}
}

func TestOpenNamesNoPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"postgres//app:marker@127.0.0.1/x", "postgres://app:marker@127.0.0.1:port/x", "postgres://app:marker@127.0.0.1:1/x"} {
		_, err := keystore.Open(t.Context(), secret.New(url), wrapper(t))
		if err == nil || strings.Contains(err.Error(), "marker") {
			t.Errorf("got %v, want an error without the password", err)
		}
	}
}

func TestSystemIdentifierTellsClustersApart(t *testing.T) {
	t.Parallel()
	b := setup(t)
	here, err := b.SystemIdentifier(t.Context())
	must(t, err)
	same, err := b.open(t).SystemIdentifier(t.Context())
	must(t, err)
	apart := &bundle{wrapper: b.wrapper}
	apart.url, apart.admin = postgrestest.KeystoreApart(t)
	other, err := apart.open(t).SystemIdentifier(t.Context())
	must(t, err)
	if here == "" || here != same || here == other {
		t.Errorf("one cluster: %q and %q, another: %q", here, same, other)
	}
}

func TestStoreIsNeverPrinted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		b := setup(t)
		key, err := b.WorkspaceKey(t.Context(), b.workspace)
		must(t, err)
		text := fmt.Sprintf("%v %+v", b.Store, b.Store)
		if strings.Contains(text, strings.Trim(fmt.Sprintf("%d", key.Bytes()[:8]), "[]")) {
			t.Error("a key was printed")
		}
	})
}

// One destroyed key is enough to make its table due for a vacuum, which the server looks for every minute.
func TestDestroyedKeysAreVacuumed(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conn, err := pgx.Connect(t.Context(), b.admin.Reveal())
	must(t, err)
	defer conn.Close(t.Context())
	rows, _ := conn.Query(t.Context(), `
		select relname from pg_class where relnamespace = 'keystore'::regnamespace and relkind = 'r' and relname <> 'ingress_key'
		and not coalesce(reloptions @> array['autovacuum_vacuum_threshold=0', 'autovacuum_vacuum_scale_factor=0'], false)`)
	lazy, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil || len(lazy) > 0 {
		t.Errorf("tables that keep a dead key: %q, %v", lazy, err)
	}
}

func TestCallsAreBoundByTheirContext(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		b := setup(t)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		_, get := b.WorkspaceKey(ctx, b.workspace)
		_, keys := b.RequestKeys(ctx, b.workspace, b.request)
		_, destroyed := b.DestroyWorkspace(ctx, b.workspace)
		for _, err := range []error{get, keys, destroyed, b.DestroyRequestKeys(ctx, b.workspace, b.request, true, true), b.Ping(ctx)} {
			if !errors.Is(err, context.Canceled) || errors.Is(err, helpdesk.ErrErased) {
				t.Errorf("got %v, want %v", err, context.Canceled)
			}
		}
		if _, err := b.RequestKeys(t.Context(), b.workspace, b.request); err != nil {
			t.Errorf("a cancelled call destroyed keys: %v", err)
		}
	})
}
