package activities_test

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	sdklog "go.temporal.io/sdk/log"
	"go.temporal.io/sdk/testsuite"
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/knowledge"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// entry puts one entry into the knowledge base, and switches answers on where wanted.
func (b *bundle) entry(t *testing.T, on, active bool) helpdesk.Match {
	t.Helper()
	e := helpdesk.Entry{ID: helpdesk.NewEntryID(), Key: "vpn", Active: active, Content: helpdesk.Content{
		Question: "What helps when the VPN drops every few minutes?", Answer: "Choose another gateway.", Link: "https://help.example.com/vpn",
	}}
	key := must(b.Keys.WorkspaceKey(t.Context(), b.workspace))(t)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		c, err := tx.ChannelBySlackID(ctx, help)
		if err != nil {
			return err
		}
		if err := tx.OfferAnswers(ctx, c.ID, on); err != nil {
			return err
		}
		return tx.PutEntries(ctx, []postgres.IndexedEntry{{Entry: e, Stems: knowledge.Stems(e.Content)}}, key)
	})
	return helpdesk.Match{Entry: e.ID, Confidence: 87}
}

func (b *bundle) counts(t *testing.T) (c helpdesk.EntryCounts) {
	t.Helper()
	key := must(b.Keys.WorkspaceKey(t.Context(), b.workspace))(t)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		all, err := tx.Entries(ctx, key, "", 2)
		if len(all) != 1 {
			t.Errorf("%d entries", len(all))
		} else {
			c = all[0].EntryCounts
		}
		return err
	})
	return c
}

// offer offers an answer as a workflow does, which tries again what fails.
func (b *bundle) offer(t *testing.T, in activities.OfferInput) (res activities.OfferResult) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(sdklog.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.RegisterActivity(b.Activities)
	env.ExecuteWorkflow(func(ctx workflow.Context) (res activities.OfferResult, err error) {
		ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: time.Minute})
		return res, workflow.ExecuteActivity(ctx, b.OfferAnswer, in).Get(ctx, &res)
	})
	if err := env.GetWorkflowResult(&res); err != nil {
		t.Fatal(err)
	}
	return res
}

// A triage finds an entry where the channel has answers on and the entry is active; what fails beside it does not fail it.
func TestTriageFindsAnswers(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct{ on, active, broken, want bool }{
		"on": {on: true, active: true, want: true}, "off": {active: true}, "inactive": {on: true}, "broken": {on: true, active: true, broken: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			in := b.open(t, rita, "1.000001", "Hi, the VPN drops every few minutes, what helps?", b.opened)
			entry := b.entry(t, tt.on, tt.active)
			if tt.broken {
				b.in(t, func(ctx context.Context, tx *postgres.Tx) error { // sealed under another key
					e := helpdesk.Entry{ID: entry.Entry, Key: "vpn", Active: true}
					return tx.PutEntries(ctx, []postgres.IndexedEntry{{Entry: e}}, must(b.Keys.RequestKeys(t.Context(), in.Workspace, in.Request))(t).Text)
				})
			}
			r, failed := b.triage(t, b.Triage, activities.TriageInput{RequestInput: in, Version: 1})
			if failed || r.Label == "" || r.Entry.IsZero() == tt.want || tt.want && (r.Entry != entry.Entry || r.Confidence < knowledge.Threshold) {
				t.Errorf("triage %+v, failed %v", r, failed)
			}
		})
	}
}

// An answer is posted once, also where Slack's answer is lost or the step runs again, and counted once. After a press its buttons
// are gone.
func TestAnAnswerIsOfferedOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in, _ := b.request(t)
	offer := activities.OfferInput{RequestInput: in, Match: b.entry(t, true, true)}
	b.control(t, "fault", object{"method": "chat.postMessage", "after": true, "times": 1})
	for range 2 {
		if res := b.offer(t, offer); !res.Posted || res.Stray != "" {
			t.Fatalf("%+v", res)
		}
	}
	ours := b.ours(t)[help]
	if len(ours) != 1 || !strings.Contains(ours[0].Text, "VPN drops every few minutes?") || b.counts(t) != (helpdesk.EntryCounts{Offered: 1}) {
		t.Errorf("%+v, counts %+v", ours, b.counts(t))
	}
	for range 2 {
		if failed := b.run(b.SettleOffer, activities.SettleInput{RequestInput: in, Pressed: helpdesk.Helpful, Status: helpdesk.New}); failed != "" {
			t.Fatal(failed)
		}
	}
	if b.counts(t) != (helpdesk.EntryCounts{Offered: 1, Helpful: 1}) {
		t.Errorf("counts %+v", b.counts(t))
	}
	// Its author deletes the message: the offer goes with it.
	gone := activities.SettleInput{RequestInput: in, Pressed: helpdesk.Helpful, Status: helpdesk.Withdrawn, ClocksOff: helpdesk.StopDeleted}
	for range 2 {
		if failed := b.run(b.SettleOffer, gone); failed != "" || len(b.ours(t)[help]) != 0 {
			t.Errorf("%q, and there is %+v", failed, b.ours(t)[help])
		}
	}
}

// Where the message is gone Slack puts the answer at the channel root: it is to be deleted, and counts for nothing.
func TestAnAnswerToNobody(t *testing.T) {
	t.Parallel()
	b := setup(t)
	in, _ := b.request(t)
	offer := activities.OfferInput{RequestInput: in, Match: b.entry(t, true, true)}
	var r helpdesk.Request
	b.in(t, func(ctx context.Context, tx *postgres.Tx) (err error) {
		r, err = tx.Request(ctx, in.Request)
		return err
	})
	b.control(t, "delete", object{"channel": help, "ts": r.OriginTS})
	if res := b.offer(t, offer); res.Posted || res.Stray == "" || b.counts(t) != (helpdesk.EntryCounts{}) {
		t.Errorf("%+v, counts %+v", res, b.counts(t))
	}
}

// Nothing is posted where somebody was faster, or the entry is gone or no longer active.
func TestAnAnswerComesTooLate(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*testing.T, *bundle, names.RequestInput, helpdesk.Progress){
		"an agent has written": func(t *testing.T, b *bundle, in names.RequestInput, _ helpdesk.Progress) {
			b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
				_, err := tx.Hear(ctx, in.Request, helpdesk.Reply{At: time.Now(), User: dana}, true)
				return err
			})
		},
		"resolved": func(t *testing.T, b *bundle, in names.RequestInput, p helpdesk.Progress) {
			p.Version, p.Status = p.Version+1, helpdesk.Resolved
			b.run(b.Project, activities.StateInput{RequestInput: in, Progress: p})
		},
		"inactive": func(t *testing.T, b *bundle, _ names.RequestInput, _ helpdesk.Progress) {
			b.in(t, func(ctx context.Context, tx *postgres.Tx) error { return tx.DropEntry(ctx, "vpn") })
			b.entry(t, true, false)
		},
		"removed": func(t *testing.T, b *bundle, _ names.RequestInput, _ helpdesk.Progress) {
			b.in(t, func(ctx context.Context, tx *postgres.Tx) error { return tx.DropEntry(ctx, "vpn") })
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			in, p := b.request(t)
			offer := activities.OfferInput{RequestInput: in, Match: b.entry(t, true, true)}
			change(t, b, in, p)
			if res := b.offer(t, offer); res.Posted || len(b.ours(t)[help]) != 0 {
				t.Errorf("%+v, %d messages", res, len(b.ours(t)[help]))
			}
		})
	}
}
