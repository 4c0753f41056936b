package main

import (
	"context"
	"encoding/csv"
	"encoding/json"
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// Each command that changes a workspace is an entry, with what was before and after; what fails is none.
func TestAudit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for _, line := range []string{
		"agent add T0ACME U0RITA", "agent add T0ACME U0RITA --admin", "agent remove T0ACME U0RITA", "workspace staff-channel T0ACME C0STAFF",
		"workspace staff-channel T0ACME none", "workspace hide-addresses T0ACME on", "channel allow-bot T0ACME C0ITHELP B0DEPLOY", "channel allow-external T0ACME C0ITHELP --deny",
		"agent remove T0ACME U0NOBODY", "channel allow-bot T0ACME C0OTHER B0DEPLOY",
	} {
		execute(t.Context(), b.environ, strings.Fields(line)...)
	}
	want := []helpdesk.AuditEntry{
		{Action: helpdesk.AuditRole, Object: "U0RITA", After: "agent"},
		{Action: helpdesk.AuditRole, Object: "U0RITA", Before: "agent", After: "admin"},
		{Action: helpdesk.AuditRole, Object: "U0RITA", Before: "admin"},
		{Action: helpdesk.AuditStaffChannel, After: "C0STAFF"},
		{Action: helpdesk.AuditStaffChannel, Before: "C0STAFF"},
		{Action: helpdesk.AuditHideAddresses, Before: "false", After: "true"},
		{Action: helpdesk.AuditAllowBot, Object: "B0DEPLOY in C0ITHELP", After: "true"},
		{Action: helpdesk.AuditAllowExternal, Object: "C0ITHELP", After: "false"},
	}
	asCSV := execute(t.Context(), b.environ, "audit", "export", "T0ACME")
	rows, err := csv.NewReader(strings.NewReader(asCSV.out)).ReadAll()
	if err != nil || asCSV.code != 0 || len(rows) != len(want)+1 || strings.Join(rows[0], ",") != "at,actor,action,object,before,after" {
		t.Fatalf("%+v, %v", asCSV, err)
	}
	want = append(want, helpdesk.AuditEntry{Action: helpdesk.AuditExported, Object: "audit"})
	asJSON := execute(t.Context(), b.environ, "audit", "export", "T0ACME", "--format", "json")
	var got []helpdesk.AuditEntry
	for line := range strings.Lines(asJSON.out) {
		var e helpdesk.AuditEntry
		if err := json.Unmarshal([]byte(line), &e); err != nil {
			t.Fatal(err)
		}
		if !strings.HasPrefix(e.Actor, "operator:") || time.Since(e.At) > time.Minute {
			t.Errorf("entry %+v", e)
		}
		e.At, e.Actor = time.Time{}, ""
		got = append(got, e)
	}
	if !slices.Equal(got, want) {
		t.Errorf("entries\n%+v\nwant\n%+v", got, want)
	}
	if got := execute(t.Context(), b.environ, "audit", "export", "T0ACME", "--format", "xml"); got.code != exitUsage || !strings.Contains(got.errOut, "use csv or json") {
		t.Errorf("another format: %+v", got)
	}
}

// Where Temporal does not answer, a purge that an operator orders has begun all the same, and the command says so.
func TestPurgeOrdered(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.environ["TEMPORAL_ADDRESS"] = "127.0.0.1:1"
	if got := execute(t.Context(), b.environ, "workspace", "purges"); got != (result{0, "no workspace is being destroyed\n", ""}) {
		t.Errorf("%+v", got)
	}
	got := execute(t.Context(), b.environ, "workspace", "purge", "T0ACME", "--yes")
	if got.code != exitFailed || !strings.Contains(got.errOut, "the purge has begun, but Temporal does not answer") {
		t.Errorf("%+v", got)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		p, err := tx.Purge(ctx)
		if p.Cause != helpdesk.PurgeOrdered || p.GraceUntil.Sub(p.UninstalledAt) != 30*time.Minute {
			t.Errorf("purge %+v", p)
		}
		if err := tx.Processing(ctx); !errors.Is(err, helpdesk.ErrNotInstalled) {
			t.Errorf("still worked on: %v", err)
		}
		return err
	})
	if got := execute(t.Context(), b.environ, "workspace", "purges"); got.code != 0 || !strings.Contains(got.out, b.workspace.String()+"  ordered  grace") {
		t.Errorf("%+v", got)
	}
	if got := execute(t.Context(), b.environ, "workspace", "purge", "T0ACME", "--yes"); got.code != exitFailed || !strings.Contains(got.errOut, "no installed workspace") {
		t.Errorf("a second time: %+v", got)
	}
}
