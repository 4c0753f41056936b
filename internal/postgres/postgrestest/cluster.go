package postgrestest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/migrations"
)

// watchdog runs Postgres until its standard input ends, which it does when the test process does, however that ends.
const watchdog = `"$@" >log 2>&1 & cat >/dev/null; kill -QUIT $!; wait $!; rm -rf "$PWD"`

// boot makes and starts the cluster, in a directory that goes with it.
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
	// Not in TMPDIR, which may be closed to that user or too long for a socket.
	if c.dir, err = os.MkdirTemp("/tmp", "echosynch-postgres-"); err != nil {
		return fmt.Errorf("make directory of test cluster: %w", err)
	}
	if err := c.serve(bin, credential); err != nil {
		return errors.Join(err, os.RemoveAll(c.dir))
	}
	return c.await()
}

func (c *cluster) serve(bin string, credential *syscall.Credential) error {
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.Command(name, args...)
		cmd.Dir = c.dir
		// A process group of its own, so that Ctrl-C leaves the watchdog alone.
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: credential, Setpgid: true}
		return cmd
	}
	if err := os.WriteFile(filepath.Join(c.dir, "password"), []byte(password), 0o644); err != nil {
		return fmt.Errorf("write password file: %w", err)
	}
	for name, content := range c.files {
		path := filepath.Join(c.dir, name)
		if err := os.WriteFile(path, content, 0o600); err != nil {
			return fmt.Errorf("write %s of test cluster: %w", name, err)
		}
		if credential != nil {
			if err := os.Chown(path, int(credential.Uid), int(credential.Gid)); err != nil {
				return fmt.Errorf("give away %s of test cluster: %w", name, err)
			}
		}
	}
	if credential != nil {
		if err := os.Chown(c.dir, int(credential.Uid), int(credential.Gid)); err != nil {
			return fmt.Errorf("give away directory of test cluster: %w", err)
		}
	}
	initdb := command(filepath.Join(bin, "initdb"), "-D", "data", "-U", "postgres", "--auth=scram-sha-256",
		"--pwfile=password", "--no-sync", "--encoding=UTF8", "--no-locale")
	if out, err := initdb.CombinedOutput(); err != nil {
		return fmt.Errorf("initdb: %w: %s", err, out)
	}
	server := command("sh", "-c", watchdog, "sh", filepath.Join(bin, "postgres"), "-D", "data", "-h", "", "-k", c.dir,
		"-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off", "-c", "max_connections=300")
	server.Args = append(server.Args, c.options...)
	var err error
	if c.alive, err = server.StdinPipe(); err != nil {
		return fmt.Errorf("make pipe to test cluster: %w", err)
	}
	if err := server.Start(); err != nil {
		return fmt.Errorf("start test cluster: %w", err)
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
			log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
			return fmt.Errorf("test cluster does not answer: %w: %s", err, log)
		case <-tick.C:
		}
	}
}

// binaries finds the directory with initdb and postgres.
func binaries() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		path, err = filepath.EvalSymlinks(path) // postgres stands beside the real one
		return filepath.Dir(path), err
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
