package stack

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/jackc/pgx/v5"
)

// programs makes a directory with the names of Postgres's programs.
func programs(t *testing.T, parts ...string) string {
	t.Helper()
	dir := filepath.Join(parts...)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"initdb", "postgres"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o700); err != nil { //nolint:gosec // never run
			t.Fatal(err)
		}
	}
	return dir
}

func TestNewestPostgresIsFound(t *testing.T) {
	t.Parallel()
	base := t.TempDir()
	programs(t, base, "pg", "9.6", "bin")
	newest := programs(t, base, "pg", "16", "bin")
	programs(t, base, "pg", "15", "bin")
	places := []string{filepath.Join(base, "pg", "*", "bin")}
	got, err := binaries("", places)
	if err != nil || got != newest {
		t.Errorf("found %q, %v, want %q", got, err, newest)
	}
	onPath := programs(t, base, "on-path")
	got, err = binaries(filepath.Join(base, "empty")+":"+onPath, places)
	if err != nil || got != onPath {
		t.Errorf("found %q, %v, want %q", got, err, onPath)
	}
}

func TestNoPostgresNamesThePackage(t *testing.T) {
	t.Parallel()
	_, err := binaries(t.TempDir(), []string{filepath.Join(t.TempDir(), "*")})
	if err == nil || !strings.Contains(err.Error(), "package postgresql") {
		t.Errorf("error is %v, want one that names the package", err)
	}
}

func TestClosedParentSendsTheClustersElsewhere(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		t.Skip("only root starts Postgres as somebody else")
	}
	s := setup(t)
	var said strings.Builder
	s.opt.Out = &said
	who := &syscall.Credential{Uid: 65534, Gid: 65534}
	if base, err := s.dataDir(who); err != nil || base != s.Dir {
		t.Errorf("data is in %q, %v, want %q", base, err, s.Dir)
	}
	if err := os.Chmod(s.Dir, 0o700); err != nil { //nolint:gosec // the point of this
		t.Fatal(err)
	}
	base, err := s.dataDir(who)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Remove(base) }) // empty
	if base == s.Dir || !open(base) || !strings.Contains(said.String(), base) {
		t.Errorf("data is in %q; said: %q", base, said.String())
	}
	if again, err := s.dataDir(who); err != nil || again != base {
		t.Errorf("the next start looks in %q, %v, not in %q", again, err, base)
	}
}

// clusters starts both clusters of a stack on free ports.
func clusters(t *testing.T, s *Stack) {
	t.Helper()
	ports, err := Ports{}.settle()
	if err != nil {
		t.Fatal(err)
	}
	s.opt.Ports = ports
	if s.secrets, err = loadSecrets(s.path("secrets.json"), s.path("kms.key")); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Stop(context.WithoutCancel(t.Context())); err != nil {
			t.Error(err)
		}
	})
	if err := s.startPostgres(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func ask(t *testing.T, address, sql string) (answer string) {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context())) // it was only read
	if err := conn.QueryRow(t.Context(), sql).Scan(&answer); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
	return answer
}

func TestClusters(t *testing.T) {
	t.Parallel()
	s := setup(t)
	clusters(t, s)

	const identity = `select system_identifier::text from pg_control_system()`
	if ask(t, s.main.adminURL, identity) == ask(t, s.keys.adminURL, identity) {
		t.Error("both clusters are one")
	}
	for setting, want := range map[string]string{"wal_level": "minimal", "max_wal_senders": "0", "archive_mode": "off"} {
		if got := ask(t, s.keys.adminURL, "show "+setting); got != want {
			t.Errorf("key store: %s is %s, want %s", setting, got, want)
		}
	}
	for _, c := range []*pgCluster{s.main, s.keys} {
		conn, err := pgx.Connect(t.Context(), c.adminURL)
		if err != nil {
			t.Fatal(err)
		}
		_, err = conn.Exec(t.Context(), `create role echosynch_app nologin`) // what a migration does
		if cerr := conn.Close(t.Context()); err != nil || cerr != nil {
			t.Fatal(err, cerr)
		}
		for range 2 { // every start does it
			if err := c.login(t.Context(), s.secrets.LoginPassword); err != nil {
				t.Fatal(err)
			}
		}
		const role = `select format('%s %s %s', rolsuper, rolbypassrls, pg_has_role('echosynch_app', 'member')) from pg_roles where rolname = current_user`
		if got := ask(t, c.appURL, role); got != "f f t" {
			t.Errorf("%s: superuser, bypassing, member: %s, want f f t", c.name, got)
		}
		if got := ask(t, c.appURL, `select current_database()::text`); got != c.database {
			t.Errorf("%s: database is %s, want %s", c.name, got, c.database)
		}
	}
	if os.Getuid() != 0 {
		return
	}
	info, err := os.Stat(filepath.Join("/proc", fmt.Sprint(s.main.command.Process.Pid)))
	if err != nil {
		t.Fatal(err)
	}
	if info.Sys().(*syscall.Stat_t).Uid == 0 {
		t.Error("Postgres runs as root")
	}
}

// A parent that was killed leaves its servers; where the pid files are lost, too, their own are found.
func TestServerThatLostItsParentIsReplaced(t *testing.T) {
	t.Parallel()
	s := setup(t)
	clusters(t, s)
	next := &Stack{Dir: s.Dir, opt: Options{Out: s.opt.Out}}
	clusters(t, next)
	<-s.main.exited
	<-s.keys.exited
	if got := ask(t, next.main.adminURL, `select current_database()::text`); got != "echosynch" {
		t.Errorf("database is %s", got)
	}
}

func TestPostmasterFileOfAStrangerGoes(t *testing.T) {
	t.Parallel()
	s := setup(t)
	process, _ := idle(t)
	file := s.path("postmaster.pid")
	if err := os.WriteFile(file, fmt.Appendf(nil, "%d\n%s\n", process.Pid, s.Dir), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := s.endPostmaster(t.Context(), s.Dir); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(file); !os.IsNotExist(err) {
		t.Errorf("the file is still there: %v", err)
	}
	if !alive(process) {
		t.Error("a process that is not ours was ended")
	}
}

func TestResetDeletesOnlyWhatAStartMade(t *testing.T) {
	t.Parallel()
	s := setup(t)
	for _, name := range []string{"stack.json", "secrets.json", "api.log", "notes.txt"} {
		if err := os.WriteFile(s.path(name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := Reset(t.Context(), Options{Dir: s.Dir, Out: s.opt.Out}); err != nil {
		t.Fatal(err)
	}
	left, err := filepath.Glob(s.path("*"))
	if err != nil || len(left) != 1 || left[0] != s.path("notes.txt") {
		t.Errorf("left are %v, %v, want notes.txt alone", left, err)
	}
}

func TestResetLeavesGivenClustersAlone(t *testing.T) {
	t.Parallel()
	s := setup(t)
	err := Reset(t.Context(), Options{Dir: s.Dir, Out: s.opt.Out, DatabaseAdminURL: "postgres://here", KeystoreAdminURL: "postgres://there"})
	if err == nil {
		t.Fatal("given clusters were reset")
	}
	if _, err := os.Stat(s.path("pids")); err != nil {
		t.Errorf("something was deleted: %v", err)
	}
}
