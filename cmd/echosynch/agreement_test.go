package main

import (
	"context"
	"encoding/json"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// decide is what an agent makes of a request.
func (b *bundle) decide(t *testing.T, r helpdesk.Request, label string, status helpdesk.Status) {
	t.Helper()
	r.Version, r.Label, r.Status, r.TriagedBy = r.Version+1, label, status, helpdesk.ByHuman
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.Project(ctx, r.ID, r.Progress)
		return err
	})
}

func TestAgreement(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.does(t, "labels agreement T0ACME", "no request of the last 30 days was labelled by a machine\n")
	for range 9 {
		b.request(t, "network", helpdesk.ByModel)
	}
	b.decide(t, b.request(t, "network", helpdesk.ByModel), "access", helpdesk.InProgress)
	b.decide(t, b.request(t, "network", helpdesk.ByModel), "network", helpdesk.InProgress) // confirmed
	b.decide(t, b.request(t, "other", helpdesk.ByLexical), "network", helpdesk.Closed)
	b.decide(t, b.request(t, "other", helpdesk.ByLexical), "network", helpdesk.Withdrawn)
	b.does(t, "labels agreement T0ACME", `LABEL    TRIAGED  CORRECTED AWAY  CORRECTED TO  AGREEMENT        GEMINI           LEXICAL
network  11       1               1             90%              90%              not enough data
other    1        1               0             not enough data  not enough data  not enough data
access   0        0               1             not enough data  not enough data  not enough data
(all)    12       2               2             83%              90%              not enough data
`)
	got := execute(t.Context(), b.environ, "labels", "agreement", "T0ACME", "--json", "--days", "1")
	var report struct {
		Days   int
		Labels []struct {
			Label     string
			Triaged   int
			Agreement *int
			By        map[string]struct {
				Away      int `json:"corrected_away"`
				Agreement *int
			}
		}
	}
	if err := json.Unmarshal([]byte(got.out), &report); err != nil || report.Days != 1 || len(report.Labels) != 3 {
		t.Fatalf("%+v, %v", got, err)
	}
	network, other := report.Labels[0], report.Labels[1]
	if network.Label != "network" || *network.Agreement != 90 || *network.By["gemini"].Agreement != 90 || network.By["gemini"].Away != 1 || other.Agreement != nil {
		t.Errorf("%s", got.out)
	}
	for _, days := range []string{"0", "366"} {
		if got := execute(t.Context(), b.environ, "labels", "agreement", "T0ACME", "--days", days); got.code != exitUsage || !strings.Contains(got.errOut, "from 1 to 365") {
			t.Errorf("%+v", got)
		}
	}
}
