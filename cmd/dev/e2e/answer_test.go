package e2e_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

const okapiEntry = `- key: okapi
  question: How do I restart the okapi terminal in the warehouse?
  answer: Hold the red key for ten seconds.
  link: https://help.example.com/okapi
`

// An admin writes an answer down; whoever asks is offered it in the thread, and one press closes their request.
func TestAnAnswerClosesARequest(t *testing.T) {
	file := filepath.Join(t.TempDir(), "kb.yaml")
	if err := os.WriteFile(file, []byte(okapiEntry), 0o600); err != nil {
		t.Fatal(err)
	}
	operate(t, "kb", "import", "T0ACME", file)
	operate(t, "channel", "offer-answers", "T0ACME", help, "on")
	k := ticket{ts: post(t, help, rita, "Hi, how can I restart the okapi terminal in the warehouse?")}
	offered := func() (found message) {
		for _, m := range receipts(t, k.ts) {
			if strings.HasPrefix(m.Text, "This may answer it: How do I restart the okapi terminal") {
				found = m
			}
		}
		return found
	}
	eventually(t, 30*time.Second, "the offer", func() bool { return offered().TS != "" })
	if shown := plain(t, offered()); !strings.Contains(shown, "Hold the red key for ten seconds.") || !strings.Contains(shown, "confidence ") {
		t.Errorf("offered: %s", shown)
	}
	ticket{receiptTS: offered().TS}.click(t, rita, "close_resolved")
	k.becomes(t, "resolved")
	eventually(t, 30*time.Second, "the buttons gone", func() bool {
		shown := plain(t, offered())
		return strings.Contains(shown, "resolved with this answer") && !strings.Contains(shown, "Not relevant")
	})
	var list string
	eventually(t, 30*time.Second, "the counts", func() bool {
		list = operate(t, "kb", "list", "T0ACME")
		return strings.Join(strings.Fields(list), " ") ==
			"KEY ACTIVE OFFERED HELPFUL NOT RELEVANT CLOSED QUESTION okapi true 1 0 0 1 How do I restart the okapi terminal in the warehouse?"
	})
	if responded := column[bool](t, k, "responded_at is null and no_response"); !responded {
		t.Error("an offer counts as a first response")
	}
	operate(t, "channel", "offer-answers", "T0ACME", help, "off")
	operate(t, "kb", "remove", "T0ACME", "okapi")
	settled(t)
}

// operate runs a command of the operator's.
func operate(t *testing.T, args ...string) string {
	t.Helper()
	out, err := running.Run(t.Context(), args...)
	if err != nil {
		t.Fatalf("%v: %v: %s", args, err, out)
	}
	return string(out)
}
