package workflows_test

import (
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// A model that declines has answered: it is not asked again. For every other reason it is, in the background, and then the
// receipt names the model.
func TestOnlyAnAnswerIsFinal(t *testing.T) {
	t.Parallel()
	const with = "gemini-3.5-flash-lite in eu, our project"
	for _, why := range append(helpdesk.NoModels(), "") {
		b := setup(t)
		b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
			r := triaged(helpdesk.ByLexical, true)
			r.Why = why
			return r, nil
		}
		again := 0
		b.out.again = func() (activities.TriageResult, error) {
			again++
			r := triaged(helpdesk.ByModel, false)
			r.With = with
			return r, nil
		}
		b.end(time.Hour)
		b.run()
		want := 1
		if why == helpdesk.ModelBlocked {
			want = 0
		}
		if again != want || len(b.out.receipts) != 1+want {
			t.Fatalf("%q: asked again %d times, %d receipts", why, again, len(b.out.receipts))
		}
		if first := b.out.receipts[0]; !first.WithoutAI || first.Why != why || first.TriagedWith != "" {
			t.Errorf("%q: the receipt is sent %+v", why, first)
		}
		if last := b.out.receipts[want]; want == 1 && (last.WithoutAI || last.Why != "" || last.TriagedWith != with) {
			t.Errorf("%q: once the model has answered the receipt is sent %+v", why, last)
		}
	}
}

// The admins are told by the request that found out, and by no other.
func TestTellPaused(t *testing.T) {
	t.Parallel()
	for _, tell := range []bool{true, false} {
		b := setup(t)
		b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
			r := triaged(helpdesk.ByLexical, true)
			r.Why, r.TellPaused = helpdesk.ModelPaused, tell
			return r, nil
		}
		b.out.again = func() (activities.TriageResult, error) { return triaged(helpdesk.ByModel, false), nil }
		b.end(time.Hour)
		b.run()
		if told := b.out.paused; (told == 1) != tell || told > 1 {
			t.Errorf("told %d times", told)
		}
	}
}
