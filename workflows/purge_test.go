package workflows_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stretchr/testify/mock"
	"go.temporal.io/sdk/testsuite"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// purging stands for the activities of a purge, and of the probe before it.
type purging struct {
	progress []activities.PurgeProgress // one for each call
	calls    []time.Time
	dead     []bool // what each probe of the one workspace says
	probed   int
	ended    []activities.UninstallInput
	now      func() time.Time
}

func (p *purging) Purge(context.Context, names.PurgeInput) (activities.PurgeProgress, error) {
	p.calls = append(p.calls, p.now())
	next := p.progress[0]
	p.progress = p.progress[1:]
	if next.Step == "" {
		return next, errors.New("down")
	}
	return next, nil
}

func (p *purging) Workspaces(_ context.Context, after helpdesk.WorkspaceID) ([]helpdesk.WorkspaceID, error) {
	if after.IsZero() {
		return []helpdesk.WorkspaceID{helpdesk.NewWorkspaceID(opened)}, nil
	}
	return nil, nil
}

func (p *purging) ProbeToken(context.Context, helpdesk.WorkspaceID) (bool, error) {
	p.probed++
	return p.dead[p.probed-1], nil
}

func (p *purging) EndInstallation(_ context.Context, in activities.UninstallInput) error {
	p.ended = append(p.ended, in)
	return nil
}

func (p *purging) env(t *testing.T) *testsuite.TestWorkflowEnvironment {
	t.Helper()
	var suite testsuite.WorkflowTestSuite
	env := suite.NewTestWorkflowEnvironment()
	env.SetStartTime(opened)
	p.now = env.Now
	env.RegisterActivity(p)
	return env
}

// The purge waits out its grace, goes on after a failure, and ends when all is done.
func TestPurge(t *testing.T) {
	t.Parallel()
	p := &purging{progress: []activities.PurgeProgress{
		{Step: helpdesk.PurgeGrace, Wait: 30 * time.Minute}, {}, {Step: helpdesk.PurgeHistories, Wait: 5 * time.Second},
		{Step: helpdesk.PurgeRows}, {Step: helpdesk.PurgeDone},
	}}
	env := p.env(t)
	env.ExecuteWorkflow(workflows.Purge, names.PurgeInput{Workspace: helpdesk.NewWorkspaceID(opened), Number: 1})
	if err := env.GetWorkflowError(); err != nil || len(p.progress) != 0 {
		t.Fatalf("ended with %v, %d parts left", err, len(p.progress))
	}
	for i, want := range []time.Duration{0, 30 * time.Minute, 30*time.Minute + time.Second, 30*time.Minute + 6*time.Second} {
		if got := p.calls[i].Sub(opened).Round(time.Second); got != want {
			t.Errorf("part %d after %v, want %v", i, got, want)
		}
	}
}

func TestPurgeThatIsTakenBack(t *testing.T) {
	t.Parallel()
	p := &purging{progress: []activities.PurgeProgress{{Step: helpdesk.PurgeGrace, Wait: 30 * time.Minute}, {Step: helpdesk.PurgeRestored}}}
	env := p.env(t)
	env.ExecuteWorkflow(workflows.Purge, names.PurgeInput{Number: 1})
	if err := env.GetWorkflowError(); err != nil || len(p.progress) != 0 {
		t.Errorf("ended with %v, %d parts left", err, len(p.progress))
	}
}

// A token is dead when Slack says so twice; a slip costs nothing.
func TestProbeTokens(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		dead  []bool
		ended int
	}{
		"alive": {[]bool{false}, 0}, "a slip": {[]bool{true, false}, 0}, "dead": {[]bool{true, true}, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			p := &purging{dead: tt.dead}
			env := p.env(t)
			env.OnActivity("ProbeToken", mock.Anything, mock.Anything).After(10 * time.Second).Return(p.ProbeToken) // Slack takes its time
			env.ExecuteWorkflow(workflows.ProbeTokens, helpdesk.WorkspaceID{})
			if p.probed != len(tt.dead) || len(p.ended) != tt.ended {
				t.Errorf("probed %d times, ended %d, want %d and %d", p.probed, len(p.ended), len(tt.dead), tt.ended)
			}
			for _, in := range p.ended {
				// Before the second question: who authorises the app while it is asked has a token that lives.
				if after := in.At.Sub(opened); after != 40*time.Second {
					t.Errorf("the hour runs from %v after the first probe", after)
				}
			}
		})
	}
}
