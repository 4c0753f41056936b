package scratch

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// What Postgres's programs say, word for word, and what is to be done.
func TestExplain(t *testing.T) {
	t.Parallel()
	for said, want := range map[string]error{
		`pg_restore: error: could not read from input file: end of file`:                          ErrDamaged,
		`pg_verifybackup: error: "base/5/1259" has size 0 on disk but size 98304 in the manifest`: ErrDamaged,
		`pg_verifybackup: error: checksum mismatch for file "PG_VERSION"`:                         ErrDamaged,
		`initdb: error: could not create directory "data": No space left on device`:               ErrNoRoom,
		`write /var/tmp/x: no space left on device`:                                               ErrNoRoom,
		`PANIC:  could not locate a valid checkpoint record`:                                      ErrDamaged,
		`pg_restore: error: unsupported version (1.16) in file header`:                            ErrNewer,
		`initdb: error: could not access directory "/root/x": Permission denied`:                  ErrClosed,
		`pg_restore: error: could not execute query: ERROR:  role "somebody" does not exist`:      ErrRefused,
	} {
		if err := explain(said); !errors.Is(err, want) || !strings.Contains(err.Error(), said) {
			t.Errorf("%q: %v, want %v", said, err, want)
		}
	}
}

func TestPrograms(t *testing.T) {
	t.Parallel()
	bin, err := programs("")
	if err != nil {
		t.Fatal(err)
	}
	for _, program := range []string{"initdb", "postgres", "pg_restore", "pg_verifybackup"} {
		if _, err := os.Stat(filepath.Join(bin, program)); err != nil {
			t.Error(err)
		}
	}
	if _, err := programs("7"); err == nil || !strings.Contains(err.Error(), "install Debian's package postgresql-7") {
		t.Errorf("of a version that is not here: %v", err)
	}
}

// A backup that was cut off, or leads elsewhere, is refused before anything runs on it.
func TestABackupThatIsCutOff(t *testing.T) {
	t.Parallel()
	bin, err := programs("")
	if err != nil {
		t.Fatal(err)
	}
	version, _ := versionOf(filepath.Join(bin, "postgres"))
	dir := t.TempDir()
	manifest := `{ "PostgreSQL-Backup-Manifest-Version": 1,` + "\n" + `"Files": [` + "\n"
	for name, content := range map[string]string{"PG_VERSION": strconv.Itoa(version) + "\n", "backup_manifest": manifest} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := FromBackup(t.Context(), dir, "/tmp"); err == nil || !strings.Contains(err.Error(), "manifest") {
		t.Errorf("with half a manifest: %v", err)
	}
	if err := os.Symlink("/", filepath.Join(dir, "pg_wal")); err != nil {
		t.Fatal(err)
	}
	if _, err := FromBackup(t.Context(), dir, "/tmp"); err == nil || !strings.Contains(err.Error(), "pg_wal is a link") {
		t.Errorf("with a link: %v", err)
	}
}
