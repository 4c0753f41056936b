// Package postgrestest gives tests a real Postgres: a throw-away cluster per test binary, and a freshly cloned, migrated
// database per test. It is for tests only.
package postgrestest

import (
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"strings"
	"sync"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/migrations"
)

// password of the login roles. The cluster listens on a socket in a directory of its own only, and ends with the test.
const password = "test"

// cluster is one running Postgres. It has a template database per set of migrations.
type cluster struct {
	start     sync.Once
	err       error
	dir       string
	alive     io.Closer // the watchdog's input: garbage collection would close it
	mu        sync.Mutex
	templates map[migrations.Set]bool
	files     map[string][]byte // in its directory, for the server alone
	options   []string          // of the server, after ours
	port      string            // empty for Postgres's own
}

// The main cluster, and another one for the tests that need the key store apart.
var first, second cluster

// Main returns a migrated main database: as the application role, and as the administrator.
func Main(t testing.TB) (app, admin secret.Value) {
	t.Helper()
	return first.clone(t, migrations.Main)
}

// Keystore returns a migrated key store in the same cluster.
func Keystore(t testing.TB) (app, admin secret.Value) {
	t.Helper()
	return first.clone(t, migrations.Keystore)
}

// KeystoreApart returns a migrated key store in a cluster of its own.
func KeystoreApart(t testing.TB) (app, admin secret.Value) {
	t.Helper()
	return second.clone(t, migrations.Keystore)
}

func (c *cluster) clone(t testing.TB, set migrations.Set) (app, admin secret.Value) {
	t.Helper()
	ctx := context.Background()
	c.start.Do(func() { c.err = c.boot() })
	if c.err != nil {
		t.Fatal(c.err)
	}
	name := "t" + strings.ToLower(rand.Text())
	if err := c.create(ctx, name, set); err != nil {
		t.Fatal(err)
	}
	return c.url("app", name), c.url("postgres", name)
}

func (c *cluster) url(role, database string) secret.Value {
	address := fmt.Sprintf("postgres://%s:%s@/%s?host=%s", role, password, database, c.dir)
	if c.port != "" {
		address += "&port=" + c.port
	}
	return secret.New(address)
}

// create clones the template of a set, which the first caller migrates.
func (c *cluster) create(ctx context.Context, name string, set migrations.Set) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	conn, err := pgx.Connect(ctx, c.url("postgres", "postgres").Reveal())
	if err != nil {
		return fmt.Errorf("connect to test cluster: %w", err)
	}
	defer conn.Close(ctx)
	template := "template_" + string(set)
	if !c.templates[set] {
		if _, err := conn.Exec(ctx, "create database "+template); err != nil {
			return fmt.Errorf("create template: %w", err)
		}
		if _, err := migrations.Up(ctx, c.url("postgres", template).Reveal(), set); err != nil {
			return err
		}
		if _, err := conn.Exec(ctx, `do $$ begin
			if to_regrole('app') is null then create role app login password '`+password+`' in role echosynch_app; end if; end $$`); err != nil {
			return fmt.Errorf("create login role: %w", err)
		}
		c.templates[set] = true
	}
	if _, err := conn.Exec(ctx, "create database "+name+" template "+template); err != nil {
		return fmt.Errorf("clone template: %w", err)
	}
	return nil
}
