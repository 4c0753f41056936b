package workflows_test

import (
	"context"
	"errors"
	"log/slog"
	"testing"
	"time"

	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/testsuite"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// answering stands for the activity that answers data requests.
type answering struct {
	progress []activities.DataProgress // one for each call
	calls    []activities.DataInput
}

func (a *answering) AnswerDataRequest(_ context.Context, in activities.DataInput) (activities.DataProgress, error) {
	a.calls = append(a.calls, in)
	next := a.progress[0]
	a.progress = a.progress[1:]
	switch next.Step {
	case "":
		return next, errors.New("down")
	case "gone":
		return next, temporal.NewNonRetryableApplicationError("", activities.FailureNotFound, nil)
	}
	return next, nil
}

func (a *answering) run(t *testing.T, before func(*testsuite.TestWorkflowEnvironment)) (after []time.Duration) {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	suite.SetLogger(log.NewStructuredLogger(slog.New(slog.DiscardHandler)))
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(opened)
	env.RegisterActivity(a)
	before(env)
	env.ExecuteWorkflow(workflows.DataRequest, names.DataRequestInput{Workspace: helpdesk.NewWorkspaceID(opened), DataRequest: helpdesk.DataRequestID{1}})
	if err := env.GetWorkflowError(); err != nil || len(a.progress) != 0 {
		t.Fatalf("ended with %v, %d parts left", err, len(a.progress))
	}
	for _, in := range a.calls {
		after = append(after, in.At.Sub(opened).Round(time.Second))
	}
	return after
}

// An erasure goes on after waits and failures until it is done.
func TestDataRequestErases(t *testing.T) {
	t.Parallel()
	a := &answering{progress: []activities.DataProgress{
		{Step: helpdesk.EraseSettle, Wait: 30 * time.Second}, {}, {Step: helpdesk.EraseCertify, Wait: 2 * time.Second}, {Step: helpdesk.EraseNames},
		{Step: helpdesk.DataDone, Outcome: helpdesk.DataErased},
	}}
	got := a.run(t, func(*testsuite.TestWorkflowEnvironment) {})
	if want := 30 * time.Second; got[1] != want || got[2] != want || len(got) != 5 { // a retry keeps its input
		t.Errorf("parts at %v", got)
	}
}

// An export is looked at when there is news, and at the latest when its link expires; one that is gone with its workspace
// ends the workflow.
func TestDataRequestWatches(t *testing.T) {
	t.Parallel()
	a := &answering{progress: []activities.DataProgress{
		{Step: helpdesk.ExportWaits, Wait: 24 * time.Hour}, {Step: helpdesk.ExportWrites, Wait: 23 * time.Hour}, {Step: "gone"},
	}}
	got := a.run(t, func(env *testsuite.TestWorkflowEnvironment) {
		env.RegisterDelayedCallback(func() { env.SignalWorkflow(names.SignalLook, nil) }, time.Hour)
	})
	if len(got) != 3 || got[1] != time.Hour || got[2] != 24*time.Hour {
		t.Errorf("looked at %v", got)
	}
}

// The person who asked is erased: an open request is withdrawn and ends, without waiting for its text's deadline; one that
// was answered keeps its status and closes in its time.
func TestTheRequesterIsErased(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		before func(*bundle)
		status helpdesk.Status
		off    helpdesk.ClockStop
		within time.Duration
	}{
		"open":     {func(*bundle) {}, helpdesk.Withdrawn, helpdesk.StopErased, 2 * time.Hour},
		"waiting":  {func(b *bundle) { b.press(time.Minute, dana, helpdesk.Wait, "", 1) }, helpdesk.Withdrawn, helpdesk.StopErased, 2 * time.Hour},
		"resolved": {func(b *bundle) { b.press(time.Minute, dana, helpdesk.Resolve, "", 1) }, helpdesk.Closed, "", helpdesk.ReopenFor + time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.out.triage = func(activities.TriageInput) (activities.TriageResult, error) {
				r := triaged(helpdesk.ByLexical, false)
				r.ScrubAt = opened.Add(30 * 24 * time.Hour)
				return r, nil
			}
			tt.before(b)
			for range 2 { // harmless when repeated
				b.at(time.Hour, func() { b.env.SignalWorkflow(names.SignalErased, struct{}{}) })
			}
			b.run()
			if got := b.last(); got.Status != tt.status || got.ClocksOff != tt.off || len(b.out.scrubbed) != 0 {
				t.Errorf("shown %+v, scrubbed %v", got.Progress, b.out.scrubbed)
			}
			if took := b.env.Now().Sub(opened); took > tt.within {
				t.Errorf("ended after %v", took)
			}
		})
	}
}

// The assignee is erased: the request goes on without one, unless somebody has taken it since.
func TestTheAssigneeIsErased(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		taken    bool
		assignee string
	}{"theirs": {false, ""}, "taken since": {true, alex.User}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			b := setup(t)
			b.press(time.Minute, dana, helpdesk.Take, "", 1)
			if tt.taken {
				b.press(2*time.Minute, alex, helpdesk.Take, "", 2)
			}
			for range 2 {
				b.at(3*time.Minute, func() { b.env.SignalWorkflow(names.SignalUnassign, names.Unassign{Version: 2}) })
			}
			b.end(time.Hour)
			b.run()
			if got := b.last(); got.Assignee != tt.assignee {
				t.Errorf("shown %+v", got.Progress)
			}
		})
	}
}
