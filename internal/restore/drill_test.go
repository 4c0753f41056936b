package restore_test

import (
	"context"
	"errors"
	"log/slog"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/restore"
	"github.com/echo-synch/echo-synch/internal/scratch"
)

// Behaviour 44, on real clusters: a dump and a base backup are taken, texts are scrubbed and deleted and a workspace is
// destroyed; none of it can be opened from the backups, and the reconciliation leaves none of it. With the keys put back the
// same drill fails.
func TestTheDrill(t *testing.T) { //nolint:paralleltest // a base backup takes the databases of all tests with it: be first
	b := setup(t)
	ok(t, b.Check(t.Context()))
	ok(t, b.Raise(t.Context()))
	living, dead := b.workspace(t, "T1"), b.workspace(t, "T2")
	b.request(t, living, "1.000001")
	scrubbed, deleted := b.request(t, living, "1.000002"), b.request(t, living, "1.000003")
	b.request(t, dead, "1.000001")
	b.body(t, living, "Ev1")
	handed := b.body(t, living, "Ev2")

	dump, base := b.dump(t), b.baseBackup(t)
	sql(t, b.keysAdmin, `create table public.w as select * from keystore.workspace_key`, `create table public.r as select * from keystore.request_key`,
		`create table public.i as select * from keystore.inbox_key`) // what nobody must have
	b.erase(t, living, dead, scrubbed, deleted, handed)

	want := map[string]certificate.Tally{
		"workspaces": {Living: 1, LivingOpened: 1, Erased: 1}, "tokens": {Living: 1, LivingOpened: 1, Erased: 1},
		"texts": {Living: 1, LivingOpened: 1, Erased: 3}, "summaries": {Living: 2, LivingOpened: 2, Erased: 2},
		"bodies": {Living: 1, LivingOpened: 1, Erased: 1},
	}
	drill := restore.Drill{Live: b.Store, Keys: b.Keys, Database: databaseOf(t, b), Scratch: "/tmp", Log: slog.New(slog.DiscardHandler), Now: time.Now}
	backups := map[string]string{restore.Dump: dump, restore.BaseBackup: base}
	for kind, path := range backups {
		trial := must(drill.Try(t.Context(), kind, path))(t)
		for what, tally := range want {
			if trial.Before[what] != tally {
				t.Errorf("%s: before, %s: %+v, want %+v", kind, what, trial.Before[what], tally)
			}
			if tally.Erased = 0; trial.After[what] != tally {
				t.Errorf("%s: after, %s: %+v, want %+v", kind, what, trial.After[what], tally)
			}
		}
		if failures := certificate.Judge([]certificate.Trial{trial}); len(failures) > 0 {
			t.Errorf("%s: %q", kind, failures)
		}
		if trial.AsOf.IsZero() {
			t.Errorf("%s: as of when?", kind)
		}
	}

	sql(t, b.keysAdmin, `insert into keystore.workspace_key select * from public.w on conflict do nothing`,
		`insert into keystore.request_key select * from public.r on conflict (workspace_id, request_id) do update
		 set text_key = excluded.text_key, summary_key = excluded.summary_key`,
		`insert into keystore.inbox_key select * from public.i on conflict do nothing`)
	trial := must(drill.Try(t.Context(), restore.Dump, dump))(t)
	failures := certificate.Judge([]certificate.Trial{trial})
	for kind, n := range want {
		if trial.Before[kind].ErasedOpened != n.Erased {
			t.Errorf("with the keys put back, %s: %+v", kind, trial.Before[kind])
		}
		if !slices.ContainsFunc(failures, func(f string) bool { return strings.Contains(f, "erased "+kind+" could be opened") }) {
			t.Errorf("no failure of %s: %q", kind, failures)
		}
	}

	ok(t, drill.Belongs(t.Context(), b.Store))
	sql(t, b.keysAdmin, `update keystore.mark set keystore_id = gen_random_uuid()`)
	if err := drill.Belongs(t.Context(), b.Store); !errors.Is(err, restore.ErrOtherSystem) {
		t.Errorf("a backup of another system: %v", err)
	}
	if left, err := filepath.Glob("/tmp/echosynch-drill-*"); err != nil || len(left) > 0 {
		t.Logf("scratch clusters of this or another drill: %v", left)
	}
}

// Backups that cannot be restored are refused with a remedy, and leave nothing behind.
func TestBackupsThatAreNone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ok(t, b.Check(t.Context()))
	dump := b.dump(t)
	whole := must(os.ReadFile(dump))(t)
	dir := t.TempDir()
	file := func(name string, content []byte) string {
		path := filepath.Join(dir, name)
		ok(t, os.WriteFile(path, content, 0o600))
		return path
	}
	drill := restore.Drill{Live: b.Store, Keys: b.Keys, Scratch: "/tmp", Log: slog.New(slog.DiscardHandler), Now: time.Now}
	for name, tt := range map[string]struct {
		kind, path string
		want       error
	}{
		"a dump cut off":          {restore.Dump, file("cut.dump", whole[:len(whole)/4]), scratch.ErrDamaged},
		"a dump in SQL":           {restore.Dump, file("plain.sql", []byte("-- PostgreSQL database dump\n")), scratch.ErrNoDump},
		"no dump":                 {restore.Dump, filepath.Join(dir, "none"), os.ErrNotExist},
		"no base backup":          {restore.BaseBackup, dir, scratch.ErrNoBackup},
		"a directory that is not": {restore.BaseBackup, filepath.Join(dir, "none"), scratch.ErrNoBackup},
	} {
		if _, err := drill.Try(t.Context(), tt.kind, tt.path); !errors.Is(err, tt.want) {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
	drill.Scratch = filepath.Join(dir, "none")
	if _, err := drill.Try(t.Context(), restore.Dump, dump); err == nil || !strings.Contains(err.Error(), "--scratch") {
		t.Errorf("nowhere to work: %v", err)
	}
}

// erase does what the product does: keys first, then rows.
func (b *bundle) erase(t *testing.T, living, dead helpdesk.WorkspaceID, scrubbed, deleted helpdesk.RequestID, handed helpdesk.InboxID) {
	t.Helper()
	ok(t, b.Keys.DestroyTextKeys(t.Context(), living, []helpdesk.RequestID{scrubbed}))
	ok(t, b.Keys.DestroyRequestKeys(t.Context(), living, deleted, true, true))
	ok(t, b.Keys.DestroyInboxKeys(t.Context(), handed))
	ok(t, b.Store.FinishDelivery(t.Context(), handed, "opened", time.Now()))
	b.in(t, living, func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.Scrub(ctx, time.Now(), scrubbed); err != nil {
			return err
		}
		return tx.DeleteText(ctx, deleted, helpdesk.ScopeDeletion, time.Now())
	})
	must(b.Keys.DestroyWorkspace(t.Context(), dead))(t)
	must(b.reconciler().Databases(t.Context()))(t) // deletes its rows, as a purge does
}

func databaseOf(t *testing.T, b *bundle) string {
	t.Helper()
	return strings.TrimPrefix(must(url.Parse(b.admin.Reveal()))(t).Path, "/")
}

// dump takes a dump of the main database, and baseBackup a copy of its cluster, as whoever runs it in earnest does every night.
func (b *bundle) dump(t *testing.T) string {
	t.Helper()
	return b.backup(t, "pg_dump", "--format=custom", "--dbname="+b.admin.Reveal(), "--file")
}

func (b *bundle) baseBackup(t *testing.T) string {
	t.Helper()
	return b.backup(t, "pg_basebackup", "--format=plain", "--wal-method=stream", "--checkpoint=fast", "--no-sync", "--dbname="+b.admin.Reveal(), "--pgdata")
}

// backup runs a program as the cluster's user; its last argument takes where to.
func (b *bundle) backup(t *testing.T, program string, args ...string) (path string) {
	t.Helper()
	socket := must(url.Parse(b.admin.Reveal()))(t).Query().Get("host")
	owner := must(os.Stat(socket))(t).Sys().(*syscall.Stat_t)
	dir := must(os.MkdirTemp("/tmp", "echosynch-backups-"))(t)
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if os.Getuid() == 0 {
		ok(t, os.Chown(dir, int(owner.Uid), int(owner.Gid)))
	}
	bin := program
	if found, _ := filepath.Glob("/usr/lib/postgresql/*/bin/" + program); len(found) > 0 { // PATH has a wrapper of Debian's
		bin = found[len(found)-1]
	}
	path = filepath.Join(dir, "backup")
	args[len(args)-1] += "=" + path
	command := exec.Command(bin, args...)
	command.Dir = "/"
	if os.Getuid() == 0 {
		command.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: owner.Uid, Gid: owner.Gid}}
	}
	if out, err := command.CombinedOutput(); err != nil {
		t.Fatalf("%s: %v: %s", program, err, out)
	}
	return path
}
