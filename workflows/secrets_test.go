package workflows_test

import (
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// holding is a triage of a text that holds a password.
func holding(by helpdesk.Provider, withoutAI bool) activities.TriageResult {
	t := triaged(by, withoutAI)
	t.Secrets = []helpdesk.SecretKind{helpdesk.SecretPassword}
	return t
}

// The requester is told once for each text, when the receipt stands, and not again because the model was asked again.
func TestTheRequesterIsToldOfSecrets(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		first, again activities.TriageResult
		edited       bool
		told         int
	}{
		"none":                     {triaged(helpdesk.ByModel, false), triaged(helpdesk.ByModel, false), true, 0},
		"in the text":              {holding(helpdesk.ByModel, false), holding(helpdesk.ByModel, false), false, 1},
		"while the model is down":  {holding(helpdesk.ByLexical, true), holding(helpdesk.ByModel, false), false, 1},
		"in both texts":            {holding(helpdesk.ByModel, false), holding(helpdesk.ByModel, false), true, 2},
		"in the second text":       {triaged(helpdesk.ByModel, false), holding(helpdesk.ByModel, false), true, 1},
		"no longer in the second":  {holding(helpdesk.ByModel, false), triaged(helpdesk.ByModel, false), true, 1},
		"taken out before it runs": {triaged(helpdesk.ByLexical, true), triaged(helpdesk.ByModel, false), false, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) { return tt.first, nil }
			b.out.again = func() (activities.TriageResult, error) { return tt.again, nil }
			if tt.edited {
				b.at(time.Minute, func() { b.env.SignalWorkflow(names.SignalEdited, names.Edited{At: opened.Add(time.Minute)}) })
			}
			b.end(time.Hour)
			b.run()
			if len(b.out.told) != tt.told {
				t.Fatalf("told %d times, want %d", len(b.out.told), tt.told)
			}
			for _, in := range b.out.told {
				if !slices.Equal(in.Kinds, []helpdesk.SecretKind{helpdesk.SecretPassword}) {
					t.Errorf("told of %v", in.Kinds)
				}
			}
		})
	}
}

// Where no receipt can stand there is no thread in which to tell.
func TestNobodyIsToldWithoutAReceipt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
		return holding(helpdesk.ByModel, false), nil
	}
	b.out.send = func(activities.ReceiptInput) (activities.ReceiptResult, error) {
		return activities.ReceiptResult{}, temporal.NewNonRetryableApplicationError("", activities.FailureMessageGone, nil)
	}
	b.run()
	if len(b.out.told) != 0 {
		t.Errorf("told %d times", len(b.out.told))
	}
}
