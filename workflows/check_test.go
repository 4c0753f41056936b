package workflows_test

import (
	"slices"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// What an agent should look at is shown until an agent has chosen label or priority.
func TestChecksGoWhenAnAgentHasChosen(t *testing.T) {
	t.Parallel()
	for action, value := range map[helpdesk.Action]string{helpdesk.SetLabel: "network", helpdesk.SetPriority: string(helpdesk.High)} {
		b := setup(t)
		want := []helpdesk.Check{helpdesk.CheckUnsure, helpdesk.CheckHeld}
		b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
			r := triaged(helpdesk.ByLexical, false)
			r.Checks = want
			return r, nil
		}
		b.press(time.Minute, dana, helpdesk.Take, "", 1)
		b.press(2*time.Minute, dana, action, value, 2)
		b.end(time.Hour)
		b.run()
		if n := len(b.out.receipts); n != 3 {
			t.Fatalf("%s: %d receipts", action, n)
		}
		for i, want := range [][]helpdesk.Check{want, want, nil} {
			if got := b.out.receipts[i].Checks; !slices.Equal(got, want) {
				t.Errorf("%s: receipt %d asks to check %v, want %v", action, i, got, want)
			}
		}
	}
}
