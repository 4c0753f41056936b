package helpdesk_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

var statuses = []helpdesk.Status{
	helpdesk.New, helpdesk.InProgress, helpdesk.Waiting, helpdesk.Resolved, helpdesk.Closed, helpdesk.Withdrawn,
}

// life is the promised life of a request, one row an action, one column a status in the order above: new, in_progress,
// waiting, resolved, closed, withdrawn. "-" is refused.
var life = map[helpdesk.Action]string{
	helpdesk.Take:           "in_progress in_progress -           -           - -",
	helpdesk.AgentReply:     "in_progress in_progress waiting     resolved    - -",
	helpdesk.Wait:           "waiting     waiting     -           -           - -",
	helpdesk.RequesterReply: "new         in_progress in_progress in_progress - -",
	helpdesk.Resolve:        "resolved    resolved    resolved    -           - -",
	helpdesk.Close:          "-           -           -           closed      - -",
	helpdesk.Withdraw:       "withdrawn   withdrawn   withdrawn   withdrawn   - -",
	helpdesk.NotRequest:     "withdrawn   withdrawn   withdrawn   withdrawn   - -",
	helpdesk.SetPriority:    "new         in_progress waiting     -           - -",
	helpdesk.SetLabel:       "new         in_progress waiting     resolved    - -",
	helpdesk.Join:           "new         in_progress waiting     -           - -",
	helpdesk.Separate:       "new         in_progress waiting     in_progress - -",
	helpdesk.Helpful:        "new         in_progress waiting     resolved    - -",
	helpdesk.NotRelevant:    "new         in_progress waiting     resolved    - -",
	helpdesk.CloseResolved:  "resolved    resolved    resolved    -           - -",

	"":         "- - - - - -",
	"reassign": "- - - - - -",
	"TAKE":     "- - - - - -",
}

// reasons are what a refusal says, by status.
var reasons = map[helpdesk.Status]helpdesk.Reason{
	helpdesk.New: helpdesk.ReasonNew, helpdesk.InProgress: helpdesk.ReasonInProgress, helpdesk.Waiting: helpdesk.ReasonWaiting,
	helpdesk.Resolved: helpdesk.ReasonResolved, helpdesk.Closed: helpdesk.ReasonClosed, helpdesk.Withdrawn: helpdesk.ReasonWithdrawn,
}

func TestTheLifeOfARequest(t *testing.T) {
	t.Parallel()
	for action, row := range life {
		columns := strings.Fields(row)
		if len(columns) != len(statuses) {
			t.Fatalf("the row of %s has %d columns", action, len(columns))
		}
		for i, from := range statuses {
			got, err := from.Next(action)
			if want := helpdesk.Status(columns[i]); want != "-" {
				if got != want || err != nil {
					t.Errorf("%s on %s gives %s, %v; want %s", action, from, got, err, want)
				}
				continue
			}
			var refusal *helpdesk.Refusal
			if !errors.As(err, &refusal) || got != from {
				t.Errorf("%s on %s gives %s, %v; want a refusal", action, from, got, err)
			} else if refusal.Reason != reasons[from] {
				t.Errorf("%s on %s is refused because %s, not %s", action, from, refusal.Reason, reasons[from])
			}
		}
	}
}

// Before its triage a request has no status: everything is refused, with a reason of its own.
func TestBeforeTriage(t *testing.T) {
	t.Parallel()
	for _, from := range []helpdesk.Status{"", "solved"} {
		for action := range life {
			got, err := from.Next(action)
			var refusal *helpdesk.Refusal
			if !errors.As(err, &refusal) || got != from {
				t.Errorf("%s on %q gives %q, %v", action, from, got, err)
			} else if from == "" && refusal.Reason != helpdesk.ReasonUntriaged || refusal.Reason.Sentence() == "" {
				t.Errorf("%s on %q is refused because %q", action, from, refusal.Reason)
			}
		}
	}
}

func TestOpenAndEnded(t *testing.T) {
	t.Parallel()
	for status, want := range map[helpdesk.Status]struct{ open, ended bool }{
		helpdesk.New: {open: true}, helpdesk.InProgress: {open: true}, helpdesk.Waiting: {open: true}, helpdesk.Resolved: {},
		helpdesk.Closed: {ended: true}, helpdesk.Withdrawn: {ended: true}, "": {},
	} {
		if status.Open() != want.open || status.Ended() != want.ended {
			t.Errorf("%q: open %v, ended %v", status, status.Open(), status.Ended())
		}
	}
}

func TestReopenForIsSevenDays(t *testing.T) {
	t.Parallel()
	if helpdesk.ReopenFor != 7*24*time.Hour {
		t.Errorf("a reply reopens for %s", helpdesk.ReopenFor)
	}
}

// Every reason has a sentence of its own for the person who asked; the error has the constant only, for it may stand in a
// history.
func TestReasons(t *testing.T) {
	t.Parallel()
	seen := make(map[string]helpdesk.Reason)
	for _, reason := range []helpdesk.Reason{
		helpdesk.ReasonNew, helpdesk.ReasonInProgress, helpdesk.ReasonWaiting, helpdesk.ReasonResolved, helpdesk.ReasonClosed,
		helpdesk.ReasonWithdrawn, helpdesk.ReasonUntriaged, helpdesk.ReasonAgents, helpdesk.ReasonParties, helpdesk.ReasonTooLate,
		helpdesk.ReasonTaken, helpdesk.ReasonUnknownLabel, helpdesk.ReasonRated, helpdesk.ReasonUnknown,
		helpdesk.ReasonDuplicate, helpdesk.ReasonNoDuplicate, helpdesk.ReasonJoined, helpdesk.ReasonOriginal, helpdesk.ReasonLater,
		helpdesk.ReasonOriginalOver,
	} {
		sentence := reason.Sentence()
		if other, twice := seen[sentence]; twice {
			t.Errorf("%s and %s say the same: %s", reason, other, sentence)
		}
		seen[sentence] = reason
		if !strings.HasSuffix(sentence, ".") {
			t.Errorf("%s: %q is no sentence", reason, sentence)
		}
		if err := (&helpdesk.Refusal{Reason: reason}).Error(); err != "refused: "+string(reason) {
			t.Errorf("%s: the error is %q", reason, err)
		}
	}
	if got := helpdesk.Reason("is_solved").Sentence(); got != helpdesk.ReasonUnknown.Sentence() {
		t.Errorf("a reason of a later version says %q", got)
	}
}
