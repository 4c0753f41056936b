package scratch

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/jackc/pgx/v5"
)

// Why a backup cannot be restored here.
var (
	ErrNoBackup = errors.New("no base backup: want a directory as 'pg_basebackup --format=plain --wal-method=stream' makes it")
	ErrNoDump   = errors.New("no dump: want a file as 'pg_dump --format=custom' makes it")
	ErrDamaged  = errors.New("cut off or damaged: take it again, and look whether it was copied to the end")
	ErrNoRoom   = errors.New("no room: give --scratch a directory with more space")
	ErrClosed   = errors.New("the database user cannot get there: give --scratch a directory that everybody can pass through, such as /var/tmp")
	ErrNewer    = errors.New("made by a newer Postgres: install that version's programs")
	ErrRefused  = errors.New("refused by Postgres")
	ErrForeign  = errors.New("no database of Echo-Synch in the backup: is it one of the main cluster?")
)

// remedies says what to do where Postgres says what is wrong.
var remedies = []struct {
	says   string
	remedy error
}{
	{"No space left on device", ErrNoRoom}, {"no space left on device", ErrNoRoom},
	{"ermission denied", ErrClosed}, {"could not access directory", ErrClosed},
	{"unsupported version", ErrNewer},
	{"end of file", ErrDamaged}, {"could not locate a valid checkpoint", ErrDamaged}, {"could not uncompress", ErrDamaged},
	{"error reading", ErrDamaged}, {"found unexpected block", ErrDamaged}, {"is present in the manifest but not on disk", ErrDamaged},
	{"has size", ErrDamaged}, {"checksum mismatch", ErrDamaged}, {"invalid checkpoint record", ErrDamaged}, {"WAL ends before", ErrDamaged},
	{"could not find required", ErrDamaged}, {"could not locate required checkpoint", ErrDamaged}, {"could not read", ErrDamaged},
}

// explain turns what a program of Postgres said into an error with a remedy.
func explain(said string) error {
	said = strings.TrimSpace(said)
	for _, r := range remedies {
		if strings.Contains(said, r.says) {
			return fmt.Errorf("%w (%s)", r.remedy, tail(said))
		}
	}
	return fmt.Errorf("%w: %s", ErrRefused, tail(said))
}

// tail is the end of a log: the last lines say why.
func tail(log string) string {
	lines := strings.Split(strings.TrimSpace(log), "\n")
	return strings.Join(lines[max(0, len(lines)-3):], " | ")
}

// majorOf is the version of Postgres that made a base backup.
func majorOf(backup string) (string, error) {
	raw, err := os.ReadFile(filepath.Join(backup, "PG_VERSION"))
	if errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("%s: %w", backup, ErrNoBackup)
	}
	if err != nil {
		return "", fmt.Errorf("read base backup: %w", err)
	}
	return strings.TrimSpace(string(raw)), nil
}

// enoughRoom looks before anything is copied.
func enoughRoom(backup, dir string) error {
	var needs int64
	err := filepath.WalkDir(backup, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() {
			return err
		}
		info, err := d.Info()
		if err == nil {
			needs += info.Size()
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("read base backup: %w", err)
	}
	var volume syscall.Statfs_t
	if err := syscall.Statfs(dir, &volume); err != nil {
		return fmt.Errorf("look at %s: %w; give --scratch a directory that exists", dir, err)
	}
	if free := int64(volume.Bavail) * int64(volume.Bsize); free < needs+needs/10 { //nolint:gosec,unconvert // types differ between systems
		return fmt.Errorf("%w (needs %d MB, %s has %d MB)", ErrNoRoom, needs>>20, dir, free>>20)
	}
	return nil
}

// copyBackup copies a base backup into data, but what says that somebody runs on it, or follows somebody.
func (c *Cluster) copyBackup(backup string) error {
	skip := map[string]bool{"postmaster.pid": true, "postmaster.opts": true, "standby.signal": true}
	return filepath.WalkDir(backup, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return fmt.Errorf("copy base backup: %w", err)
		}
		name, err := filepath.Rel(backup, path)
		if err != nil || skip[name] {
			return err
		}
		to := filepath.Join(c.dir, "data", name)
		switch {
		case d.IsDir():
			err = os.Mkdir(to, 0o700)
		case d.Type().IsRegular():
			err = copyFile(path, to)
		default:
			return fmt.Errorf("copy base backup: %s is a link: tablespaces elsewhere and moved directories are not supported", name)
		}
		if err != nil {
			return fmt.Errorf("copy base backup: %w", explain(err.Error()))
		}
		return c.give(to)
	})
}

func copyFile(from, to string) error {
	in, err := os.Open(from)
	if err != nil {
		return err
	}
	defer in.Close() // it was only read
	out, err := os.OpenFile(to, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

// verify compares the copy with the backup's manifest, where it has one.
func (c *Cluster) verify(ctx context.Context) error {
	if _, err := os.Stat(filepath.Join(c.dir, "data", "backup_manifest")); err != nil {
		return nil //nolint:nilerr // made without
	}
	if err := c.run(ctx, nil, "pg_verifybackup", "--quiet", "data"); err != nil {
		return fmt.Errorf("verify base backup: %w", err)
	}
	return nil
}

// openDump opens a dump in Postgres's own format.
func openDump(file string) (*os.File, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, fmt.Errorf("read dump: %w", err)
	}
	magic := make([]byte, 5)
	if _, err := io.ReadFull(f, magic); err != nil || !bytes.Equal(magic, []byte("PGDMP")) {
		return nil, errors.Join(fmt.Errorf("%s: %w", file, ErrNoDump), f.Close())
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return nil, errors.Join(fmt.Errorf("read dump: %w", err), f.Close())
	}
	return f, nil
}

// readable looks, before there is a cluster, whether a dump's table of contents is whole and of a version that can be read.
func (c *Cluster) readable(ctx context.Context, dump *os.File) error {
	if err := c.run(ctx, dump, "pg_restore", "--list"); err != nil {
		return fmt.Errorf("read dump: %w", err)
	}
	if _, err := dump.Seek(0, io.SeekStart); err != nil {
		return fmt.Errorf("read dump: %w", err)
	}
	return nil
}

// restore restores a dump into a database of its own.
func (c *Cluster) restore(ctx context.Context, dump io.Reader) error {
	conn, err := pgx.Connect(ctx, c.Admin("postgres").Reveal())
	if err != nil {
		return fmt.Errorf("restore dump: %w", err)
	}
	defer conn.Close(ctx)
	const name = "restored"
	if _, err := conn.Exec(ctx, "create database "+name); err != nil {
		return fmt.Errorf("restore dump: %w", explain(err.Error()))
	}
	if err := c.run(ctx, dump, "pg_restore", "--exit-on-error", "--dbname="+c.Admin(name).Reveal()); err != nil {
		return fmt.Errorf("restore dump: %w", err)
	}
	return nil
}

// Database finds the product's database in the cluster; where it holds several, the one of the given name. [ErrForeign] where
// there is none.
func (c *Cluster) Database(ctx context.Context, name string) (string, error) {
	conn, err := pgx.Connect(ctx, c.Admin("postgres").Reveal())
	if err != nil {
		return "", fmt.Errorf("look for the database: %w", err)
	}
	defer conn.Close(ctx)
	rows, err := conn.Query(ctx, `
		select datname from pg_database where datallowconn and not datistemplate order by datname <> $1, datname`, name)
	if err != nil {
		return "", fmt.Errorf("look for the database: %w", err)
	}
	names, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return "", fmt.Errorf("look for the database: %w", err)
	}
	for _, candidate := range names {
		ours, err := c.isOurs(ctx, candidate)
		if err != nil || ours {
			return candidate, err
		}
	}
	return "", ErrForeign
}

func (c *Cluster) isOurs(ctx context.Context, database string) (ours bool, err error) {
	conn, err := pgx.Connect(ctx, c.Admin(database).Reveal())
	if err != nil {
		return false, fmt.Errorf("look into database %s: %w", database, err)
	}
	defer conn.Close(ctx)
	if err := conn.QueryRow(ctx, `select to_regclass('tenant.workspace') is not null`).Scan(&ours); err != nil {
		return false, fmt.Errorf("look into database %s: %w", database, err)
	}
	return ours, nil
}

// run runs a program of Postgres in the cluster's directory.
func (c *Cluster) run(ctx context.Context, in io.Reader, program string, args ...string) error {
	path := filepath.Join(c.bin, program)
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("%s is missing in %s: install Debian's packages postgresql and postgresql-client", program, c.bin)
	}
	command := c.prepared(exec.CommandContext(ctx, path, args...))
	command.Stdin = in
	out, err := command.CombinedOutput()
	if err != nil && ctx.Err() != nil {
		return fmt.Errorf("%s: %w", program, ctx.Err())
	}
	if err != nil {
		return fmt.Errorf("%s: %w", program, explain(string(out)))
	}
	return nil
}
