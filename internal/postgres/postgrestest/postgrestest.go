// Package postgrestest gives tests a real Postgres: a throw-away cluster per test binary, and a freshly cloned, migrated
// database per test. It is for tests only.
package postgrestest

import (
	"context"
	"crypto/rand"
	"fmt"
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/migrations"
)

// password of the one login role; the cluster listens on loopback only and dies with the test.
const password = "test"

// cluster is one running Postgres. It has a template database per set of migrations.
type cluster struct {
	start     sync.Once
	err       error
	addr      string
	mu        sync.Mutex
	templates map[migrations.Set]bool
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
	return secret.New(fmt.Sprintf("postgres://%s:%s@%s/%s?sslmode=disable", role, password, c.addr, database))
}

// create clones the template of a set, which the first caller migrates.
func (c *cluster) create(ctx context.Context, name string, set migrations.Set) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	conn, err := pgx.Connect(ctx, c.url("postgres", "postgres").Reveal())
	if err != nil {
		return fmt.Errorf("connect to test cluster: %w", err)
	}
	defer conn.Close(ctx) //nolint:errcheck // it was only used to create a database
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

// boot makes and starts the cluster. The kernel ends it with the test process.
func (c *cluster) boot() error {
	c.templates = make(map[migrations.Set]bool)
	bin, err := binaries()
	if err != nil {
		return err
	}
	credential, err := unprivileged()
	if err != nil {
		return err
	}
	dir, err := os.MkdirTemp("/tmp", "echosynch-postgres-")
	if err != nil {
		return fmt.Errorf("make directory of test cluster: %w", err)
	}
	if credential != nil {
		if err := os.Chown(dir, int(credential.Uid), int(credential.Gid)); err != nil {
			return fmt.Errorf("give away directory of test cluster: %w", err)
		}
	}
	pwfile := filepath.Join(dir, "pw")
	if err := os.WriteFile(pwfile, []byte(password), 0o644); err != nil { //nolint:gosec // no secret
		return fmt.Errorf("write password file: %w", err)
	}
	data := filepath.Join(dir, "data")
	initdb := exec.Command(filepath.Join(bin, "initdb"), "-D", data, "-U", "postgres", "--auth=scram-sha-256", //nolint:noctx // bounded by itself
		"--pwfile="+pwfile, "--no-sync", "--encoding=UTF8", "--no-locale")
	initdb.SysProcAttr = &syscall.SysProcAttr{Credential: credential}
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	port, err := freePort()
	if err != nil {
		return err
	}
	c.addr = net.JoinHostPort("127.0.0.1", strconv.Itoa(port))
	server := exec.Command(filepath.Join(bin, "postgres"), "-D", data, "-p", strconv.Itoa(port), "-k", dir, //nolint:noctx // ends with the process
		"-h", "127.0.0.1", "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "max_connections=300")
	server.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Pdeathsig: syscall.SIGQUIT}
	if err := startBound(server); err != nil {
		return err
	}
	return c.await()
}

// startBound starts the server from a thread that stays: the kernel's death signal follows the thread, not the process.
func startBound(server *exec.Cmd) error {
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		started <- server.Start()
		_ = server.Wait() // until the test binary ends
	}()
	if err := <-started; err != nil {
		return fmt.Errorf("start postgres: %w", err)
	}
	return nil
}

func (c *cluster) await() error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.url("postgres", "postgres").Reveal())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("test cluster does not answer: %w", err)
		case <-tick.C:
		}
	}
}

// binaries finds the directory with initdb and postgres.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		return filepath.Dir(path), nil
	}
	found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if len(found) == 0 {
		return "", fmt.Errorf("no Postgres binaries here: install Debian's package postgresql")
	}
	return filepath.Dir(found[len(found)-1]), nil
}

// unprivileged is who runs Postgres when we are root, which Postgres refuses; nil where we are not.
func unprivileged() (*syscall.Credential, error) {
	if os.Getuid() != 0 {
		return nil, nil
	}
	for _, name := range []string{"postgres", "nobody"} {
		u, err := user.Lookup(name)
		if err != nil {
			continue
		}
		uid, err1 := strconv.ParseUint(u.Uid, 10, 32)
		gid, err2 := strconv.ParseUint(u.Gid, 10, 32)
		if err1 == nil && err2 == nil {
			return &syscall.Credential{Uid: uint32(uid), Gid: uint32(gid)}, nil
		}
	}
	return nil, fmt.Errorf("no unprivileged user to run Postgres as: neither postgres nor nobody exists")
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0") //nolint:noctx // local and at once
	if err != nil {
		return 0, fmt.Errorf("find a free port: %w", err)
	}
	defer l.Close() //nolint:errcheck // only its number was wanted
	return l.Addr().(*net.TCPAddr).Port, nil
}
