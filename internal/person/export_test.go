package person_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/archive"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// export collects the files of one.
func (b *bundle) export(t *testing.T, person string) (map[string]*bytes.Buffer, archive.Manifest) {
	t.Helper()
	files := make(map[string]*bytes.Buffer)
	a := &archive.Archive{Store: b.Store, Keys: b.Keys, Now: b.clock}
	create := func(name string) (io.Writer, error) {
		if files[name] != nil {
			return nil, fmt.Errorf("%s is there twice", name)
		}
		files[name] = &bytes.Buffer{}
		return files[name], nil
	}
	progress := func(context.Context, helpdesk.PersonTally) error { return nil }
	write := func() (helpdesk.PersonTally, error) {
		return a.Person(t.Context(), b.workspace, person, create, progress)
	}
	if person == "" {
		write = func() (helpdesk.PersonTally, error) { return a.Workspace(t.Context(), b.workspace, create, progress) }
	}
	if _, err := write(); err != nil {
		t.Fatal(err)
	}
	var m archive.Manifest
	if err := json.Unmarshal(files["manifest.json"].Bytes(), &m); err != nil {
		t.Fatal(err)
	}
	for _, f := range m.Files {
		sum := sha256.Sum256(files[f.Name].Bytes())
		if hex.EncodeToString(sum[:]) != f.SHA256 || int64(files[f.Name].Len()) != f.Bytes {
			t.Errorf("%s is not what the manifest says", f.Name)
		}
	}
	return files, m
}

// A person's export shows each place where something of them is, and nothing of what somebody else wrote.
func TestAPersonsExportShowsAllOfThem(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error { // one text is past its deadline
		return tx.Scrub(ctx, b.clock(), b.requests["closed"])
	})
	files, m := b.export(t, rita)
	if m.Of != "person" || m.Person != rita || m.Requests != 4 || m.Texts != 3 || m.Removed != 1 || m.Summaries != 4 {
		t.Errorf("manifest %+v", m)
	}
	for _, c := range postgres.Columns() {
		for _, extension := range []string{".json", ".csv"} {
			if n := rowsOf(m, c.Sheet+extension); n == 0 {
				t.Errorf("%s.%s: nothing in %s%s", c.Table, c.Column, c.Sheet, extension)
			}
		}
	}
	all := ""
	for name, f := range files {
		all += f.String()
		if name != "README.txt" && !strings.Contains(files["README.txt"].String(), strings.Split(name, ".")[0]) {
			t.Errorf("README.txt does not explain %s", name)
		}
	}
	for _, mine := range []string{"the text of open", "the summary of closed", "text removed by retention on " + b.clock().Format("2006-01-02"), "D0RITA", "installer"} {
		if !strings.Contains(all, mine) {
			t.Errorf("no %q", mine)
		}
	}
	for _, others := range []string{"the text of hers", "the summary of hers", "the text of closed", "foreign-"} {
		if strings.Contains(all, others) {
			t.Errorf("there is %q", others)
		}
	}
}

func rowsOf(m archive.Manifest, name string) int64 {
	for _, f := range m.Files {
		if f.Name == name {
			return f.Rows
		}
	}
	return 0
}

// A workspace's export goes on over pages, and holds nothing of another workspace.
func TestAWorkspacesExportIsWhole(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const more = 60 // requests: more than a page
	for n := range more {
		b.request(t, fmt.Sprint("more ", n), "U0SAM", helpdesk.Progress{Status: helpdesk.New})
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		for n := range 600 {
			if err := tx.Audit(ctx, helpdesk.AuditEntry{At: b.clock(), Actor: "system", Action: helpdesk.AuditRole, Object: fmt.Sprint("n", n)}); err != nil {
				return err
			}
		}
		for _, id := range b.requests {
			if _, err := tx.Request(ctx, id); err != nil {
				continue // the other workspace's
			}
			for _, kind := range []helpdesk.NoticeKind{helpdesk.Warning, helpdesk.Breach} {
				if err := tx.PutSLAEvent(ctx, id, helpdesk.SLAEvent{Clock: helpdesk.Resolution, Kind: kind, Due: b.clock(), Outcome: helpdesk.NoticeSkipped}); err != nil {
					return err
				}
			}
		}
		return nil
	})
	key, err := b.Keys.WorkspaceKey(t.Context(), b.workspace)
	if err != nil {
		t.Fatal(err)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		entries := make([]postgres.IndexedEntry, 510) // more than a page
		for n := range entries {
			entries[n].Entry = helpdesk.Entry{ID: helpdesk.NewEntryID(), Key: fmt.Sprintf("k%03d", n), Content: helpdesk.Content{Question: "the okapi question"}}
		}
		return errors.Join(tx.PutEntries(ctx, entries, key),
			tx.RecordOffer(ctx, b.requests["open"], helpdesk.Offer{Entry: entries[0].ID, Confidence: 87, TS: "1.000002"}))
	})
	files, m := b.export(t, "")
	if n := strings.Count(files["knowledge.json"].String(), "the okapi question"); n != 510 {
		t.Errorf("%d entries can be read", n)
	}
	for name, want := range map[string]int64{"knowledge": 510, "answers": 1, "requests": 7 + more, "sla_events": 2*(7+more) + 1, "audit": 602, "notices": 1, "roles": 2, "channels": 1, "settings": 1} {
		for _, extension := range []string{".json", ".csv"} {
			if got := rowsOf(m, name+extension); got != want {
				t.Errorf("%s%s has %d rows, want %d", name, extension, got, want)
			}
		}
	}
	for name, f := range files {
		if strings.Contains(f.String(), "foreign-") {
			t.Errorf("%s holds another workspace's", name)
		}
	}
	if m.Texts != 7+more || m.Summaries != 7+more {
		t.Errorf("manifest %+v", m)
	}
}
