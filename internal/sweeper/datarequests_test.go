package sweeper_test

import (
	"context"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// The figures count what is not answered yet, and show the time that the law leaves.
func TestDataRequestsAreMeasured(t *testing.T) {
	t.Parallel()
	b := setup(t)
	measure := func(open, left float64) {
		t.Helper()
		if err := b.DataRequests(t.Context()); err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]float64{"echosynch_data_requests": open, "echosynch_data_request_seconds_left": left} {
			if open == 0 && name == "echosynch_data_requests" {
				continue // no series
			}
			if got := b.gauge(t, name); got != want {
				t.Errorf("%s = %v, want %v", name, got, want)
			}
		}
	}
	const day = 24 * 60 * 60
	measure(0, 30*day)
	d := helpdesk.DataRequest{
		ID: helpdesk.NewDataRequestID(b.opened), Kind: helpdesk.PersonErasure, Law: helpdesk.GDPR, Person: "U1", Pseudonym: helpdesk.NewPseudonym(),
		AskedBy: "operator:root", AskedAt: b.opened, DueAt: b.opened.Add(helpdesk.GDPR.Within()), Step: helpdesk.EraseRoles,
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		_, _, err := tx.BeginDataRequest(ctx, d)
		return err
	})
	b.now = b.opened.Add(28 * 24 * time.Hour)
	measure(1, 2*day)
	b.now = b.opened.Add(31 * 24 * time.Hour)
	measure(1, -day)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.FinishDataRequest(ctx, d.ID, helpdesk.DataErased, b.now)
	})
	measure(0, 30*day)
}
