package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/sla"
	"github.com/echo-synch/echo-synch/workflows"
	"github.com/echo-synch/echo-synch/workflows/names"
)

var opened = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

// outside stands for the activities: it answers as told and remembers what it was asked.
type outside struct {
	triage      func(activities.TriageInput) (activities.TriageResult, error)
	again       func() (activities.TriageResult, error)
	send        func(activities.ReceiptInput) (activities.ReceiptResult, error)
	receipts    []activities.ReceiptInput
	erased      []activities.StateInput
	projected   []activities.StateInput
	strays      []string
	closedAfter []activities.RefusedInput
	notify      func(activities.NoticeInput) error
	notices     []noticed
	corrected   []activities.NoticeInput
	reruns      int
	scrubbed    []time.Time
	told        []activities.SecretsInput
	paused      int
	offered     []activities.OfferInput
	offer       func(activities.OfferInput) (activities.OfferResult, error)
	settled     []activities.SettleInput
	now         func() time.Time
	related
}

// noticed is an attempt to send a notice.
type noticed struct {
	in activities.NoticeInput
	at time.Time
}

func (o *outside) SendNotice(_ context.Context, in activities.NoticeInput) error {
	o.notices = append(o.notices, noticed{in, o.now()})
	return o.notify(in)
}

func (o *outside) CorrectNotice(_ context.Context, in activities.NoticeInput) error {
	o.corrected = append(o.corrected, in)
	return nil
}

func (o *outside) WhisperSecrets(_ context.Context, in activities.SecretsInput) error {
	o.told = append(o.told, in)
	return nil
}

func (o *outside) TellPaused(context.Context, names.RequestInput) error {
	o.paused++
	return nil
}

func (o *outside) Scrub(context.Context, activities.ScrubInput) error {
	o.scrubbed = append(o.scrubbed, o.now())
	return nil
}

// Plan gives the default targets around the clock.
func (o *outside) Plan(_ context.Context, in activities.PlanInput) (helpdesk.Deadlines, error) {
	target := helpdesk.DefaultSettings("UTC").Targets[in.Priority]
	return helpdesk.Deadlines{
		FirstResponse: helpdesk.Deadline(sla.Plan(sla.Always(), opened, target.FirstResponse, nil)),
		Resolution:    helpdesk.Deadline(sla.Plan(sla.Always(), opened, target.Resolution, in.Pauses)),
	}, nil
}

func (o *outside) Triage(_ context.Context, in activities.TriageInput) (activities.TriageResult, error) {
	return o.triage(in)
}

func (o *outside) TriageAgain(context.Context, activities.TriageInput) (activities.TriageResult, error) {
	return o.again()
}

func (o *outside) SendReceipt(_ context.Context, in activities.ReceiptInput) (activities.ReceiptResult, error) {
	o.receipts = append(o.receipts, in)
	return o.send(in)
}

func (o *outside) Erase(_ context.Context, in activities.StateInput) error {
	o.erased = append(o.erased, in)
	return nil
}

func (o *outside) Project(_ context.Context, in activities.StateInput) error {
	o.projected = append(o.projected, in)
	return nil
}

func (o *outside) DeleteStray(_ context.Context, in activities.StrayInput) error {
	o.strays = append(o.strays, in.TS)
	return nil
}

func (o *outside) CloseRefusedChannel(_ context.Context, in activities.RefusedInput) error {
	o.closedAfter = append(o.closedAfter, in)
	return nil
}

func triaged(by helpdesk.Provider, withoutAI bool) activities.TriageResult {
	return activities.TriageResult{
		Number: 7, OpenedAt: opened, Label: "network", Priority: helpdesk.High, By: by, WithoutAI: withoutAI,
		Deadlines: helpdesk.Deadlines{
			FirstResponse: helpdesk.Deadline{WarnAt: opened.Add(90 * time.Minute), Due: opened.Add(2 * time.Hour)},
			Resolution:    helpdesk.Deadline{WarnAt: opened.Add(23*time.Hour + 30*time.Minute), Due: opened.Add(24 * time.Hour)},
		},
	}
}

type bundle struct {
	env     *testsuite.TestWorkflowEnvironment
	out     *outside
	presses int
}

// setup prepares a run that begins when the message was written.
func setup(t *testing.T) *bundle {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	b := &bundle{env: suite.NewTestWorkflowEnvironment(), out: &outside{
		triage: func(activities.TriageInput) (activities.TriageResult, error) {
			return triaged(helpdesk.ByModel, false), nil
		},
		send: func(activities.ReceiptInput) (activities.ReceiptResult, error) {
			return activities.ReceiptResult{}, nil
		},
		notify: func(activities.NoticeInput) error { return nil },
	}}
	b.out.now = b.env.Now
	b.env.SetStartTime(opened)
	b.env.SetTestTimeout(time.Minute)
	b.env.RegisterActivity(b.out)
	return b
}

func (b *bundle) run() {
	b.env.ExecuteWorkflow(workflows.Request, names.RequestInput{
		Workspace: helpdesk.NewWorkspaceID(opened), Request: helpdesk.NewRequestID(),
	}, nil)
}

func (b *bundle) at(after time.Duration, f func()) { b.env.RegisterDelayedCallback(f, after) }

// end lets a request end, so that a run does: its channel is gone and so is its message.
func (b *bundle) end(after time.Duration) { b.at(after, b.env.CancelWorkflow) }

func TestRequestPostsOneReceiptAndRunsBothClocks(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var breached []time.Duration
	b.env.OnUpsertTypedSearchAttributes(temporal.NewSearchAttributes(
		temporal.NewSearchAttributeKeyBool(names.AttributeBreached).ValueSet(true),
	)).Return(nil).Run(func(mock.Arguments) { breached = append(breached, b.env.Now().Sub(opened)) })
	var timers []time.Duration
	b.env.SetOnTimerScheduledListener(func(_ string, d time.Duration) { timers = append(timers, d) })
	b.end(48 * time.Hour)
	b.run()

	if len(b.out.receipts) != 1 {
		t.Fatalf("receipts sent: %d, want 1", len(b.out.receipts))
	}
	got := b.out.receipts[0]
	if got.Version != 1 || got.Label != "network" || got.Priority != helpdesk.High || got.Status != helpdesk.New || got.WithoutAI {
		t.Errorf("receipt shows %+v", got)
	}
	if len(breached) != 1 || breached[0].Round(time.Second) != 2*time.Hour {
		t.Errorf("Breached was set at %v, want once at 2h", breached)
	}
	var sum time.Duration
	for _, d := range timers {
		sum += d
	}
	if len(timers) != 4 || sum.Round(time.Second) != 24*time.Hour {
		t.Errorf("timers %v: want four, one after the other, to the resolution deadline", timers)
	}
}

func TestRequestFallsBackToLexicalWhenTheModelStepDoesNotEnd(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.out.triage = func(in activities.TriageInput) (activities.TriageResult, error) {
		if !in.Lexical {
			return activities.TriageResult{}, temporal.NewApplicationError("", activities.FailureUnavailable)
		}
		if in.Version != 2 {
			t.Errorf("fallback has version %d, want 2, so that a late first attempt cannot overwrite it", in.Version)
		}
		return triaged(helpdesk.ByLexical, false), nil
	}
	b.out.again = func() (activities.TriageResult, error) { return triaged(helpdesk.ByModel, false), nil }
	b.end(time.Hour)
	b.run()

	if n := len(b.out.receipts); n != 2 {
		t.Fatalf("receipts sent: %d, want the lexical one and the model's", n)
	}
	if first := b.out.receipts[0]; !first.WithoutAI || first.TriagedBy != helpdesk.ByLexical {
		t.Errorf("first receipt shows %+v, want the lexical triage marked so", first)
	}
	if last := b.out.receipts[1]; last.WithoutAI || last.TriagedBy != helpdesk.ByModel || last.Version <= b.out.receipts[0].Version {
		t.Errorf("second receipt shows %+v, want the model's as a newer version", last)
	}
}

func TestRequestTriesTheModelAgainBackingOffToFifteenMinutes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
		return triaged(helpdesk.ByLexical, true), nil
	}
	var tries []time.Time
	b.out.again = func() (activities.TriageResult, error) {
		tries = append(tries, b.env.Now())
		return activities.TriageResult{}, temporal.NewApplicationError("", activities.FailureModel)
	}
	b.end(48 * time.Hour)
	b.run()

	if n := len(tries); n != 10 { // where a policy has no limit, the test environment stops at ten
		t.Fatalf("tries: %d, want 10", n)
	}
	for i, want := range []time.Duration{5, 10, 20, 40, 80, 160, 320, 640, 900} {
		if gap := tries[i+1].Sub(tries[i]).Round(time.Second); gap != want*time.Second {
			t.Errorf("gap %d is %v, want %v", i+1, gap, want*time.Second)
		}
	}
	if len(b.out.receipts) != 1 {
		t.Errorf("receipts sent: %d, want 1: nothing changed", len(b.out.receipts))
	}
}

func TestRequestWithoutItsMessageLeavesNothing(t *testing.T) {
	t.Parallel()
	for name, send := range map[string]func(activities.ReceiptInput) (activities.ReceiptResult, error){
		"posted at the root": func(activities.ReceiptInput) (activities.ReceiptResult, error) {
			return activities.ReceiptResult{Stray: "2.000002"}, nil
		},
		"thread not found": func(activities.ReceiptInput) (activities.ReceiptResult, error) {
			return activities.ReceiptResult{}, temporal.NewNonRetryableApplicationError("", activities.FailureMessageGone, errors.New("x"))
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.out.send = send
			b.run()
			if err := b.env.GetWorkflowError(); err != nil || !b.env.IsWorkflowCompleted() {
				t.Fatalf("workflow: completed %v, %v", b.env.IsWorkflowCompleted(), err)
			}
			if len(b.out.erased) != 1 || b.out.erased[0].Status != helpdesk.Withdrawn || b.out.erased[0].ClocksOff != helpdesk.StopParentGone {
				t.Errorf("erased %+v, want once, as withdrawn", b.out.erased)
			}
			if wantStray := name == "posted at the root"; (len(b.out.strays) == 1) != wantStray {
				t.Errorf("strays deleted: %v", b.out.strays)
			}
			if len(b.out.receipts) != 1 {
				t.Errorf("receipts sent: %d, want 1", len(b.out.receipts))
			}
		})
	}
}

func TestRequestStopsClocksWhenTheChannelIsGone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.at(time.Hour, func() {
		for range 2 { // harmless when repeated
			b.env.SignalWorkflow(names.SignalStopClocks, names.StopClocks{Reason: helpdesk.StopChannelLeft})
		}
	})
	b.end(72 * time.Hour)
	b.run()
	if len(b.out.projected) != 1 || b.out.projected[0].ClocksOff != helpdesk.StopChannelLeft || b.out.projected[0].Status != helpdesk.New {
		t.Errorf("stored %+v, want one state, still new, with its clocks off", b.out.projected)
	}
	if len(b.out.receipts) != 1 {
		t.Errorf("receipts sent: %d, want 1: there is nowhere to write", len(b.out.receipts))
	}
}

func TestRequestClosesAChannelThatRefusesTheReceipt(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.out.send = func(activities.ReceiptInput) (activities.ReceiptResult, error) {
		return activities.ReceiptResult{}, temporal.NewNonRetryableApplicationError("", activities.FailureChannelGone, errors.New("x"))
	}
	b.end(time.Hour)
	b.run()
	if len(b.out.closedAfter) != 1 {
		t.Errorf("channel closed %d times, want once", len(b.out.closedAfter))
	}
	if len(b.out.projected) != 1 || b.out.projected[0].ClocksOff != helpdesk.StopChannelLeft {
		t.Errorf("stored %+v, want the clocks off", b.out.projected)
	}
}

func TestRequestEndsWithoutText(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
		return activities.TriageResult{}, temporal.NewNonRetryableApplicationError("", activities.FailureErased, errors.New("x"))
	}
	b.run()
	if err := b.env.GetWorkflowError(); err != nil || !b.env.IsWorkflowCompleted() {
		t.Fatalf("workflow: completed %v, %v", b.env.IsWorkflowCompleted(), err)
	}
	if len(b.out.receipts) != 0 {
		t.Errorf("receipts sent: %d, want none", len(b.out.receipts))
	}
}
