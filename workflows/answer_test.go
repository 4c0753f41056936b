package workflows_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows"
	"github.com/echo-synch/echo-synch/workflows/names"
)

func (o *outside) OfferAnswer(_ context.Context, in activities.OfferInput) (activities.OfferResult, error) {
	o.offered = append(o.offered, in)
	return o.offer(in)
}

func (o *outside) SettleOffer(_ context.Context, in activities.SettleInput) error {
	o.settled = append(o.settled, in)
	return nil
}

// answered is a bundle whose triage found an entry.
func answered(t *testing.T) *bundle {
	b := setup(t)
	b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
		res := triaged(helpdesk.ByModel, false)
		res.Match = helpdesk.Match{Entry: helpdesk.EntryID{7}, Confidence: 87}
		return res, nil
	}
	b.out.offer = func(activities.OfferInput) (activities.OfferResult, error) {
		return activities.OfferResult{Posted: true}, nil
	}
	return b
}

// settlements are those made, as "pressed status".
func (b *bundle) settlements() (all []string) {
	for _, in := range b.out.settled {
		all = append(all, string(in.Pressed)+" "+string(in.Status))
	}
	return all
}

// What is pressed of an answer counts once, whoever presses again; closing is resolving. An offer is no first response.
func TestPressesOfAnAnswer(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		by      helpdesk.Actor
		action  helpdesk.Action
		want    string
		settled []string
		status  helpdesk.Status
	}{
		"helpful":                     {rita, helpdesk.Helpful, "ok", []string{"helpful new"}, helpdesk.New},
		"not relevant, says an agent": {dana, helpdesk.NotRelevant, "ok", []string{"not_relevant new"}, helpdesk.New},
		"close as resolved":           {rita, helpdesk.CloseResolved, "ok", []string{"close_resolved resolved"}, helpdesk.Resolved},
		"somebody else":               {stranger, helpdesk.Helpful, string(helpdesk.ReasonParties), nil, helpdesk.New},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := answered(t)
			first := b.press(time.Minute, tt.by, tt.action, "", 0)
			again := b.press(2*time.Minute, dana, helpdesk.NotRelevant, "", 0)
			b.end(time.Hour)
			b.run()
			want := string(helpdesk.ReasonRated)
			if tt.want != "ok" {
				want = "ok" // it was not rated
				tt.settled = []string{"not_relevant new"}
			}
			if first.got != tt.want || again.got != want {
				t.Errorf("pressed %s and %s, want %s and %s", first.got, again.got, tt.want, want)
			}
			if got := b.settlements(); !slices.Equal(got, tt.settled) || len(b.out.offered) != 1 || b.out.offered[0].Confidence != 87 {
				t.Errorf("offered %+v, settled %q, want %q", b.out.offered, got, tt.settled)
			}
			if got := b.last(); got.Status != tt.status || !got.RespondedAt.IsZero() || got.Assignee != "" {
				t.Errorf("shown %+v", got.Progress)
			}
		})
	}
}

// The offer goes with the message that it answers, also after it was rated.
func TestAnOfferFollowsItsRequest(t *testing.T) {
	t.Parallel()
	for name, rate := range map[string]bool{"not rated": false, "rated": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := answered(t)
			want := []string{" withdrawn"}
			if rate {
				b.press(time.Minute, rita, helpdesk.Helpful, "", 0)
				want = []string{"helpful new", "helpful withdrawn"}
			}
			b.at(time.Hour, func() { b.env.SignalWorkflow(names.SignalDeleted, nil) })
			b.run()
			if got := b.settlements(); !slices.Equal(got, want) {
				t.Errorf("settled %q, want %q", got, want)
			}
			if !b.env.IsWorkflowCompleted() || b.env.GetWorkflowError() != nil {
				t.Errorf("ended with %v", b.env.GetWorkflowError())
			}
		})
	}
}

// Nothing is offered where nothing was found, where there is no receipt, or where somebody was faster; a press of a button
// that cannot be there is refused. What Slack puts at the channel root is deleted.
func TestNothingIsOffered(t *testing.T) {
	t.Parallel()
	gone := temporal.NewNonRetryableApplicationError("", activities.FailureMessageGone, nil)
	for name, tt := range map[string]struct {
		with    func(*bundle)
		offered int
		pressed string
		strays  int
	}{
		"nothing was found": {func(b *bundle) {
			b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
				return triaged(helpdesk.ByModel, false), nil
			}
		}, 0, string(helpdesk.ReasonUnknown), 0},
		"no receipt": {func(b *bundle) {
			b.out.send = func(activities.ReceiptInput) (activities.ReceiptResult, error) {
				return activities.ReceiptResult{}, gone
			}
		}, 0, "", 0},
		"an agent was faster": {func(b *bundle) {
			b.out.send = func(in activities.ReceiptInput) (activities.ReceiptResult, error) {
				if in.Version == 1 {
					return activities.ReceiptResult{News: []helpdesk.Reply{{At: opened.Add(time.Second), User: dana.User}}}, nil
				}
				return activities.ReceiptResult{}, nil
			}
		}, 0, string(helpdesk.ReasonUnknown), 0},
		"at the channel root": {func(b *bundle) {
			b.out.offer = func(activities.OfferInput) (activities.OfferResult, error) {
				return activities.OfferResult{Stray: "1.000009"}, nil
			}
		}, 1, string(helpdesk.ReasonUnknown), 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := answered(t)
			tt.with(b)
			a := b.press(time.Minute, rita, helpdesk.Helpful, "", 0)
			b.end(time.Hour)
			b.run()
			if len(b.out.offered) != tt.offered || len(b.out.settled) != 0 || len(b.out.strays) != tt.strays || tt.pressed != "" && a.got != tt.pressed {
				t.Errorf("offered %d, settled %d, strays %d, pressed %q; want %+v", len(b.out.offered), len(b.out.settled), len(b.out.strays), a.got, tt)
			}
		})
	}
}

// A request that was restored from a backup goes on with the answer that stands in its thread, and posts none again.
func TestARestoredRequestKnowsItsOffer(t *testing.T) {
	t.Parallel()
	b := answered(t)
	first := triaged(helpdesk.ByModel, false)
	state := &workflows.RequestState{
		Number: 7, OpenedAt: opened, Shown: 3,
		Progress: helpdesk.Progress{Version: 3, Status: helpdesk.New, Label: first.Label, Priority: first.Priority, Deadlines: first.Deadlines},
		Offer:    &workflows.Offer{Match: helpdesk.Match{Entry: helpdesk.EntryID{7}, Confidence: 87}, Posted: true},
	}
	pressed := b.press(time.Minute, rita, helpdesk.CloseResolved, "", 0)
	b.end(time.Hour)
	b.env.ExecuteWorkflow(workflows.Request, names.RequestInput{Workspace: helpdesk.NewWorkspaceID(opened), Request: helpdesk.NewRequestID()}, state)
	if got := b.settlements(); pressed.got != "ok" || len(b.out.offered) != 0 || !slices.Equal(got, []string{"close_resolved resolved"}) {
		t.Errorf("pressed %q, offered %d, settled %q", pressed.got, len(b.out.offered), got)
	}
}
