package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// A corrected request that an admin has made an example is known to the embedded classifier, until the request is erased.
func TestACorrectionIsAnExample(t *testing.T) {
	t.Parallel()
	b := setup(t)
	const odd = "the zorblax quibbles again"
	labelOf := func(n int) string {
		t.Helper()
		in := b.open(t, rita, time.Unix(int64(9000+n), 1000).UTC().Format("20060102150405")+".000001", odd, b.opened)
		r, failed := b.triage(t, b.Triage, activities.TriageInput{RequestInput: in, Version: 1})
		if failed {
			t.Fatal("not triaged")
		}
		return r.Label
	}
	if got := labelOf(1); got != "other" {
		t.Fatalf("before: %s", got)
	}
	in, p := b.request(t)
	keys := must(b.Keys.RequestKeys(t.Context(), b.workspace, in.Request))(t)
	p.Version, p.Label, p.TriagedBy = p.Version+1, "printing", helpdesk.ByHuman
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.SaveSummary(ctx, in.Request, "Printer", keys.Summary); err != nil {
			return err
		}
		if _, err := tx.Project(ctx, in.Request, p); err != nil {
			return err
		}
		return tx.PutExample(ctx, in.Request, odd, keys.Summary)
	})
	if got := labelOf(2); got != "printing" {
		t.Errorf("with the example: %s", got)
	}
	p.Version, p.Status, p.ClocksOff = p.Version+1, helpdesk.Withdrawn, helpdesk.StopDeleted
	if failed := b.run(b.Erase, activities.StateInput{RequestInput: in, Progress: p}); failed != "" {
		t.Fatal(failed)
	}
	if got := labelOf(3); got != "other" {
		t.Errorf("after the erasure: %s", got)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		left, err := tx.Examples(ctx, 10)
		if len(left) != 0 {
			t.Errorf("%d examples are left", len(left))
		}
		return err
	})
}
