package workflows_test

import (
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// A request that was given to Dana is new until somebody does something. Another label gives it to nobody else, another agent
// takes it as ever.
func TestARoutedRequest(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
		r := triaged(helpdesk.ByModel, false)
		r.Assignee = dana.User
		return r, nil
	}
	label := b.press(time.Minute, alex, helpdesk.SetLabel, "hardware", 1)
	take := b.press(time.Hour, alex, helpdesk.Take, "", 2)
	b.end(2 * time.Hour)
	b.run()
	if label.got != "ok" || take.got != "ok" || len(b.out.receipts) != 3 {
		t.Fatalf("label %q, take %q, %d receipts", label.got, take.got, len(b.out.receipts))
	}
	for i, want := range []helpdesk.Progress{
		{Status: helpdesk.New, Assignee: dana.User, Label: "network"}, {Status: helpdesk.New, Assignee: dana.User, Label: "hardware"},
		{Status: helpdesk.InProgress, Assignee: alex.User, Label: "hardware"},
	} {
		if got := b.out.receipts[i].Progress; got.Status != want.Status || got.Assignee != want.Assignee || got.Label != want.Label {
			t.Errorf("version %d: %+v", i+1, got)
		}
	}
}

func TestWhoHasARoutedRequestTakesIt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
		r := triaged(helpdesk.ByModel, false)
		r.Assignee = dana.User
		return r, nil
	}
	take := b.press(time.Minute, dana, helpdesk.Take, "", 1)
	b.end(time.Hour)
	b.run()
	if got := b.last(); take.got != "ok" || got.Status != helpdesk.InProgress || got.Assignee != dana.User {
		t.Errorf("take %q, shown %+v", take.got, got.Progress)
	}
}
