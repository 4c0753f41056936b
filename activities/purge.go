package activities

import (
	"context"
	"errors"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/activity"
	"go.temporal.io/sdk/client"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// PurgeProgress is where a purge stands.
type PurgeProgress struct {
	Step       helpdesk.PurgeStep `json:"step"`
	Wait       time.Duration      `json:"wait,omitempty"` // before the next part
	GraceUntil time.Time          `json:"grace_until"`
	Deadline   time.Time          `json:"deadline"`
	Keys       int64              `json:"keys"`
	Histories  int64              `json:"histories"`
	Left       int64              `json:"left"`  // of the histories
	Asked      int64              `json:"asked"` // of those left: Temporal is at it
	Rows       int64              `json:"rows"`
}

// purgeSlice is how long one call goes on, so that a large purge does not become a long history.
const purgeSlice = 45 * time.Second

// Purge does the next parts of a purge until one has to wait, or for a while. A purge that was followed by another one of
// the same workspace was taken back.
func (a *Activities) Purge(ctx context.Context, in names.PurgeInput) (PurgeProgress, error) {
	defer beat(ctx)()
	until := a.Now().Add(purgeSlice)
	for {
		now, wait, err := a.Purger.Next(ctx, in.Workspace)
		if err != nil {
			a.Log.ErrorContext(ctx, "purge goes on later", "workspace_id", in.Workspace, "step", now.Step(), "err", err)
			return PurgeProgress{}, failure(err)
		}
		progress := PurgeProgress{
			Step: now.Step(), Wait: wait, GraceUntil: now.GraceUntil, Deadline: now.Deadline(),
			Keys: now.Keys, Histories: now.Histories, Rows: now.Rows,
		}
		if now.Number != in.Number {
			progress.Step = helpdesk.PurgeRestored
			return progress, nil
		}
		if now.Ended() || wait > 0 || a.Now().After(until) {
			err := a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) (err error) {
				progress.Left, progress.Asked, err = tx.CountRuns(ctx)
				return err
			})
			return progress, failure(err)
		}
	}
}

// beat tells Temporal that this process lives, until the returned function is called: another one goes on soon after it
// dies.
func beat(ctx context.Context) (stop func()) {
	ctx, cancel := context.WithCancel(ctx)
	go func() {
		tick := time.NewTicker(time.Second)
		defer tick.Stop()
		for {
			activity.RecordHeartbeat(ctx)
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
		}
	}()
	return cancel
}

// ProbeToken reports whether Slack no longer knows the bot token of an installed workspace.
func (a *Activities) ProbeToken(ctx context.Context, id helpdesk.WorkspaceID) (dead bool, err error) {
	workspaceKey, err := a.Keys.WorkspaceKey(ctx, id)
	if err != nil {
		return false, failure(err)
	}
	var token []byte
	err = a.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
		token, err = tx.Token(ctx, workspaceKey)
		return err
	})
	if errors.Is(err, helpdesk.ErrNotInstalled) {
		return false, nil // its purge has begun
	}
	if err != nil {
		return false, failure(err)
	}
	session, err := a.session(ctx, id, token)
	if err != nil {
		return false, failure(err)
	}
	err = session.Alive(ctx)
	if refusedAs(err, slackapi.TokenDead) {
		a.Log.WarnContext(ctx, "Slack does not know the token of a workspace", "workspace_id", id, "err", err)
		return true, nil
	}
	return false, failure(err)
}

// UninstallInput says whose token was found dead, and when: the hour runs from then.
type UninstallInput struct {
	Workspace helpdesk.WorkspaceID `json:"workspace"`
	At        time.Time            `json:"at"`
}

// EndInstallation begins the purge of a workspace whose token is dead, unless it was authorised again since.
func (a *Activities) EndInstallation(ctx context.Context, in UninstallInput) error {
	var p helpdesk.Purge
	err := a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) (err error) {
		now, begun := a.Now(), false
		if p, begun, err = tx.BeginPurge(ctx, helpdesk.PurgeTokenDead, in.At, now, a.PurgeGrace); err != nil || !begun {
			return err
		}
		return tx.Audit(ctx, helpdesk.AuditEntry{At: now, Actor: "system", Action: helpdesk.AuditUninstalled, After: string(p.Cause)})
	})
	if errors.Is(err, helpdesk.ErrNotFound) || err == nil && p.Ended() {
		return nil
	}
	if err != nil {
		return failure(err)
	}
	purge := names.PurgeInput{Workspace: p.Workspace, Number: p.Number}
	_, err = a.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: names.PurgeID(purge), TaskQueue: names.QueueRequests, StaticSummary: "Purge of a workspace",
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
	}, names.WorkflowPurge, purge)
	return failure(err)
}
