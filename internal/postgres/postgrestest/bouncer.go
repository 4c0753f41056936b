package postgrestest

import (
	"context"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/secret"
)

const bouncerConfig = `
[databases]
* = host=%[1]s
[pgbouncer]
listen_addr =
unix_socket_dir = %[2]s
auth_type = scram-sha-256
auth_file = %[2]s/users
pool_mode = transaction
default_pool_size = %[3]d
max_client_conn = 100
`

// Bouncer puts a pgbouncer between the application and a database of [Main]. Each transaction goes through any of its
// connections, size in all. Where there is none installed the test is skipped, but not in the continuous integration.
func Bouncer(t testing.TB, app secret.Value, size int) secret.Value {
	t.Helper()
	bin, err := exec.LookPath("pgbouncer")
	if err != nil {
		if bin, err = exec.LookPath("/usr/sbin/pgbouncer"); err != nil { // Debian's place is not in everybody's PATH
			if os.Getenv("CI") != "" {
				t.Fatal("no pgbouncer here: install Debian's package pgbouncer")
			}
			t.Skip("no pgbouncer here: install Debian's package pgbouncer")
		}
	}
	credential, err := unprivileged()
	if err != nil {
		t.Fatal(err)
	}
	u, err := url.Parse(app.Reveal())
	if err != nil {
		t.Fatal("not a postgres:// address")
	}
	dir, err := serveBouncer(bin, u.Query().Get("host"), size, credential, t.Cleanup)
	if err != nil {
		t.Fatal(err)
	}
	u.RawQuery = url.Values{"host": {dir}, "port": {"6432"}}.Encode()
	behind := secret.New(u.String())
	if err := answers(behind); err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "log"))
		t.Fatalf("pgbouncer does not answer: %v: %s", err, log)
	}
	return behind
}

func serveBouncer(bin, server string, size int, credential *syscall.Credential, cleanup func(func())) (dir string, err error) {
	if dir, err = os.MkdirTemp("/tmp", "echosynch-pgbouncer-"); err != nil {
		return "", fmt.Errorf("make directory of pgbouncer: %w", err)
	}
	for name, content := range map[string]string{
		"config": fmt.Sprintf(bouncerConfig, server, dir, size),
		"users":  strconv.Quote("app") + " " + strconv.Quote(password) + "\n",
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(strings.TrimLeft(content, "\n")), 0o644); err != nil {
			return "", fmt.Errorf("write %s of pgbouncer: %w", name, err)
		}
	}
	if credential != nil {
		if err := os.Chown(dir, int(credential.Uid), int(credential.Gid)); err != nil {
			return "", fmt.Errorf("give away directory of pgbouncer: %w", err)
		}
	}
	// It has nothing to put in order, and which signal ends it at once depends on its version.
	command := exec.Command("sh", "-c", strings.Replace(watchdog, "-QUIT", "-KILL", 1), "sh", bin, filepath.Join(dir, "config"))
	command.Dir = dir
	command.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setpgid: true}
	alive, err := command.StdinPipe()
	if err != nil {
		return "", fmt.Errorf("make pipe to pgbouncer: %w", err)
	}
	if err := command.Start(); err != nil {
		return "", fmt.Errorf("start pgbouncer: %w", err)
	}
	cleanup(func() {
		_ = alive.Close() // the watchdog ends it
		_ = command.Wait()
	})
	return dir, nil
}

func answers(url secret.Value) error {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	tick := time.NewTicker(20 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, url.Reveal())
		if err == nil {
			return conn.Close(ctx)
		}
		select {
		case <-ctx.Done():
			return err
		case <-tick.C:
		}
	}
}
