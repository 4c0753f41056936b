package e2e_test

import (
	"bytes"
	"context"
	"encoding/hex"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

// Behaviour 39: a marker in a message is found nowhere but on its way in: not in any table of any database, in any
// byte form, nor in the files of the clusters, nor in a log, nor in what we send to Slack.
func TestTheMarkerIsNowhere(t *testing.T) {
	const marker = "Quetzalcoatlus"
	ts := post(t, help, rita, "my password for the "+marker+" share does not work")
	receipt(t, ts, 5*time.Second)
	settled(t)

	if !bytes.Contains([]byte(strings.Join(recorded.lines(), "\n")), []byte(marker)) {
		t.Fatal("the recording does not even hold the message on its way in: this test would find nothing")
	}
	for _, admin := range []string{running.Info.DatabaseAdminURL, running.Info.KeystoreAdminURL} {
		dumpClean(t, admin, marker)
	}
	filesClean(t, marker)
	for name, log := range logs(t) {
		if bytes.Contains(log, []byte(marker)) {
			t.Errorf("%s holds the marker", name)
		}
	}
	for _, line := range recorded.lines() { // "received" is what came to the simulator from us or from its own page
		if strings.Contains(line, marker) && strings.HasPrefix(line, "received") && !strings.Contains(line, `"text":"my password`) {
			t.Errorf("we sent the marker to Slack: %.200s", line)
		}
	}
}

// dumpClean reads every row of every table of every database of a cluster.
func dumpClean(t *testing.T, admin, marker string) {
	t.Helper()
	needles := []string{marker, hex.EncodeToString([]byte(marker))}
	for _, database := range list(t, admin, `select datname from pg_database where not datistemplate`) {
		u, err := url.Parse(admin)
		if err != nil {
			t.Fatal(err)
		}
		u.Path = "/" + database
		tables := list(t, u.String(), `
			select format('%I.%I', schemaname, tablename) from pg_tables where schemaname not in ('pg_catalog', 'information_schema')`)
		for _, table := range tables {
			for _, needle := range needles {
				n := list(t, u.String(), fmt.Sprintf(`select 'x' from %s t where position('%s' in t::text) > 0 limit 1`, table, needle))
				if len(n) > 0 {
					t.Errorf("table %s of database %s holds the marker", table, database)
				}
			}
		}
	}
}

func list(t *testing.T, address, sql string) []string {
	t.Helper()
	conn, err := pgx.Connect(t.Context(), address)
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(context.WithoutCancel(t.Context()))
	rows, err := conn.Query(t.Context(), sql)
	if err != nil {
		t.Fatal(err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// filesClean reads every file of both clusters, their write-ahead logs included.
func filesClean(t *testing.T, needles ...string) {
	t.Helper()
	for _, needle := range needles {
		if n := inFiles(t, needle); n > 0 {
			t.Errorf("%s is in the clusters' files %d times", needle, n)
		}
	}
}

// inFiles counts how often the files of both clusters hold a needle.
func inFiles(t *testing.T, needle string) (n int) {
	t.Helper()
	for _, dir := range running.DataDirs {
		n += below(t, dir, needle)
	}
	return n
}

// below counts how often the files below a directory hold a needle.
func below(t *testing.T, dir, needle string) (n int) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return nil //nolint:nilerr // a file that Postgres has removed meanwhile
		}
		if raw, err := os.ReadFile(path); err == nil {
			n += bytes.Count(raw, []byte(needle))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return n
}
