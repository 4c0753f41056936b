// Package scratch runs Postgres clusters that live for one command: a copy of a base backup, or an empty one to restore a dump
// into. Nobody reaches them but by a socket in their own directory, which goes with them, however the command ends.
package scratch

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/echo-synch/echo-synch/internal/secret"
)

// Cluster is a running cluster. It archives nothing, follows nobody and loads nothing that the backup's settings name.
type Cluster struct {
	dir     string // of its own, below the given one
	bin     string
	who     *syscall.Credential
	alive   io.Closer // the watchdog's input
	command *exec.Cmd
	roles   bool // the product's roles are made here, because a dump does not hold them
}

// watchdog runs Postgres until its standard input ends, which it does when we do, however that is.
const watchdog = `"$@" >log 2>&1 & cat >/dev/null; kill -INT $!; wait $!; rm -rf "$PWD"`

// FromDump starts an empty cluster below dir, and restores a dump into it.
func FromDump(ctx context.Context, file, dir string) (*Cluster, error) {
	dump, err := openDump(file)
	if err != nil {
		return nil, err
	}
	defer dump.Close() // it was only read
	c, err := prepare(dir, "")
	if err != nil {
		return nil, err
	}
	c.roles = true
	if err := c.readable(ctx, dump); err != nil {
		return nil, errors.Join(err, os.RemoveAll(c.dir))
	}
	if err := c.run(ctx, nil, "initdb", "-D", "data", "-U", superuser, "--auth=trust", "--encoding=UTF8", "--no-locale", "--no-sync",
		"--wal-segsize=1"); err != nil {
		return nil, errors.Join(fmt.Errorf("make a cluster: %w", err), os.RemoveAll(c.dir))
	}
	if err := c.start(ctx); err != nil {
		return nil, err
	}
	if err := c.restore(ctx, dump); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// FromBackup starts a cluster on a copy of a base backup, below dir. The backup itself is only read.
func FromBackup(ctx context.Context, backup, dir string) (*Cluster, error) {
	major, err := majorOf(backup)
	if err != nil {
		return nil, err
	}
	if err := enoughRoom(backup, dir); err != nil {
		return nil, err
	}
	c, err := prepare(dir, major)
	if err != nil {
		return nil, err
	}
	err = c.copyBackup(backup)
	if err == nil {
		err = c.verify(ctx)
	}
	if err != nil {
		return nil, errors.Join(err, os.RemoveAll(c.dir))
	}
	if err := c.start(ctx); err != nil {
		return nil, err
	}
	return c, nil
}

// prepare makes the directory of a cluster, and finds the programs for it.
func prepare(dir, major string) (*Cluster, error) {
	bin, err := programs(major)
	if err != nil {
		return nil, err
	}
	who, err := unprivileged()
	if err != nil {
		return nil, err
	}
	c := &Cluster{bin: bin, who: who}
	if c.dir, err = os.MkdirTemp(dir, "echosynch-drill-"); err != nil {
		return nil, fmt.Errorf("make a directory in %s: %w; give --scratch one that exists and has room", dir, err)
	}
	for name, content := range map[string]string{"hba": "local all all trust\n", "ident": "", "settings": settings} {
		if err := os.WriteFile(filepath.Join(c.dir, name), []byte(content), 0o644); err != nil { //nolint:gosec // no secrets; the database user reads them
			return nil, errors.Join(fmt.Errorf("write %s: %w", name, explain(err.Error())), os.RemoveAll(c.dir))
		}
	}
	return c, c.give(c.dir)
}

// settings replace the backup's own: those may name files, programs and servers that are not for a copy.
const settings = `
listen_addresses = ''
fsync = off
full_page_writes = off
wal_level = minimal
max_wal_senders = 0
max_connections = 100
log_error_verbosity = terse
log_parameter_max_length = 0
log_parameter_max_length_on_error = 0
log_min_error_statement = panic
`

// overrides are given beside them, because a backup may hold other values in its postgresql.auto.conf.
var overrides = []string{
	"archive_mode=off", "hot_standby=off", "ssl=off", "shared_preload_libraries=", "primary_conninfo=", "restore_command=", "listen_addresses=",
	"external_pid_file=", "logging_collector=off", "log_destination=stderr", "max_wal_senders=0", "wal_level=minimal", "fsync=off",
}

func (c *Cluster) start(ctx context.Context) error {
	args := []string{"-c", watchdog, "sh", filepath.Join(c.bin, "postgres"), "-D", filepath.Join(c.dir, "data"), "-k", c.dir,
		"-c", "config_file=" + filepath.Join(c.dir, "settings"), "-c", "hba_file=" + filepath.Join(c.dir, "hba"), "-c", "ident_file=" + filepath.Join(c.dir, "ident")}
	for _, o := range overrides {
		args = append(args, "-c", o)
	}
	c.command = c.prepared(exec.Command("sh", args...)) //nolint:noctx // stopped in order, not killed
	var err error
	if c.alive, err = c.command.StdinPipe(); err != nil {
		return fmt.Errorf("start a cluster: %w", err)
	}
	if err := c.command.Start(); err != nil {
		return fmt.Errorf("start a cluster: %w", err)
	}
	if err := c.await(ctx); err != nil {
		return errors.Join(err, c.Stop())
	}
	return nil
}

// starting is Postgres's code: it is there, but still replays its log.
const starting = "57P03"

// startsWithin is generous: a backup replays its write-ahead log first.
const startsWithin = 10 * time.Minute

// await waits until the cluster answers, and makes the role by which the product reads it.
func (c *Cluster) await(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startsWithin)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for {
		conn, err := pgx.Connect(ctx, c.Admin("postgres").Reveal())
		if err == nil {
			defer conn.Close(ctx)
			return c.makeRoles(ctx, conn)
		}
		if pg, ok := errors.AsType[*pgconn.PgError](err); ok && pg.Code != starting {
			return fmt.Errorf("enter the cluster as %s: %w", superuser, err)
		}
		select {
		case <-ctx.Done():
			return c.failed(ctx.Err())
		case <-tick.C:
		}
		if !c.running() {
			return c.failed(err)
		}
	}
}

// running reports whether the watchdog has a Postgres: its pid file is there from the start on, and until the end.
func (c *Cluster) running() bool {
	log, err := os.ReadFile(filepath.Join(c.dir, "log"))
	if err != nil || len(log) == 0 {
		return true // it has not begun
	}
	_, err = os.Stat(filepath.Join(c.dir, "data", "postmaster.pid"))
	return err == nil
}

func (c *Cluster) failed(err error) error {
	log, _ := os.ReadFile(filepath.Join(c.dir, "log"))
	return fmt.Errorf("start a cluster: %w: %w", err, explain(tail(string(log))))
}

func (c *Cluster) makeRoles(ctx context.Context, conn *pgx.Conn) error {
	sql := `
		do $$ begin
		  if to_regrole('` + appRole + `') is null then create role ` + appRole + ` login; end if;
		  grant echosynch_app to ` + appRole + `;
		end $$`
	if c.roles {
		sql = `create role echosynch_owner nologin; create role echosynch_app nologin nosuperuser nobypassrls;` + sql
	}
	if _, err := conn.Exec(ctx, sql); err != nil {
		return fmt.Errorf("make a role: %w; is this a backup of Echo-Synch's main cluster?", err)
	}
	return nil
}

// The roles of a cluster: who made it, and who the product is.
const (
	superuser = "postgres"
	appRole   = "echosynch_drill"
)

// Admin is the address of a database for the superuser.
func (c *Cluster) Admin(database string) secret.Value { return c.address(superuser, database) }

// App is the address of a database for the application role.
func (c *Cluster) App(database string) secret.Value { return c.address(appRole, database) }

func (c *Cluster) address(role, database string) secret.Value {
	return secret.New(fmt.Sprintf("postgres://%s@/%s?host=%s&sslmode=disable", role, database, c.dir))
}

// Stop ends the cluster and deletes it.
func (c *Cluster) Stop() error {
	_ = c.alive.Close() // the watchdog does the rest
	_ = c.command.Wait()
	if err := os.RemoveAll(c.dir); err != nil {
		return fmt.Errorf("delete a scratch cluster: %w", err)
	}
	return nil
}
