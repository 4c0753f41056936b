package restore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/converter"
	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// callFor bounds one call to Temporal.
const callFor = 10 * time.Second

// Workflows makes the rows of requests and Temporal's runs agree, whichever of the two was restored to an earlier state:
//
//   - a run of a destroyed workspace is deleted;
//   - a request whose workflow runs is left to it: its next change reaches the row;
//   - a request whose workflow has ended takes over how it ended;
//   - a request that Temporal does not know is restarted from its row, so that nobody waits for ever: a late notice too many
//     is better than a request that nobody chases. One whose text and summary are both destroyed is withdrawn instead;
//   - a workflow of a request that has no row is ended: its text went with the row.
func (r *Reconciler) Workflows(ctx context.Context) (Counts, error) {
	done := Counts{Running: 0, Ended: 0, Restarted: 0, Terminated: 0, HistoryRuns: 0}
	err := r.eachTombstone(ctx, func(t helpdesk.Tombstone) error {
		n, err := r.Purger.Forget(ctx, t.Workspace)
		done[HistoryRuns] += n
		return err
	})
	if err != nil {
		return done, err
	}
	if err := r.eachWorkspace(ctx, func(id helpdesk.WorkspaceID) error { return r.requests(ctx, id, done) }); err != nil {
		return done, err
	}
	return done, r.endRowless(ctx, done)
}

// requests goes through those requests of a workspace that have not ended, by their rows.
func (r *Reconciler) requests(ctx context.Context, ws helpdesk.WorkspaceID, done Counts) error {
	var last helpdesk.RequestID
	for {
		var ids []helpdesk.RequestID
		err := r.Store.InWorkspace(ctx, ws, func(tx *postgres.Tx) (err error) {
			ids, err = tx.Unended(ctx, last, page)
			return err
		})
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			what, err := r.request(ctx, ws, id)
			if err != nil {
				return err
			}
			done[what]++
			last = id
		}
	}
}

func (r *Reconciler) request(ctx context.Context, ws helpdesk.WorkspaceID, id helpdesk.RequestID) (what string, err error) {
	status, running, err := r.describe(ctx, id)
	var unknown *serviceerror.NotFound
	switch {
	case errors.As(err, &unknown):
		return r.resume(ctx, ws, id)
	case err != nil:
		return "", fmt.Errorf("look for the workflow of request %s: %w", id, err)
	case running:
		return Running, nil
	case status == "": // it was terminated by hand
		status = helpdesk.Closed
	}
	return Ended, r.end(ctx, ws, id, status)
}

// describe asks Temporal for the newest run of a request, and how it ended.
func (r *Reconciler) describe(ctx context.Context, id helpdesk.RequestID) (outcome helpdesk.Status, running bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	run, err := r.Temporal.DescribeWorkflowExecution(ctx, names.RequestID(id), "")
	if err != nil {
		return "", false, err
	}
	info := run.GetWorkflowExecutionInfo()
	if info.GetStatus() == enumspb.WORKFLOW_EXECUTION_STATUS_RUNNING {
		return "", true, nil
	}
	if p, ok := info.GetSearchAttributes().GetIndexedFields()[names.AttributeOutcome]; ok {
		if err := converter.GetDefaultDataConverter().FromPayload(p, &outcome); err != nil {
			return "", false, err
		}
	}
	return outcome, false, nil
}

// end makes a row say how its request has ended. There is no workflow that could.
func (r *Reconciler) end(ctx context.Context, ws helpdesk.WorkspaceID, id helpdesk.RequestID, status helpdesk.Status) error {
	return r.Store.InWorkspace(ctx, ws, func(tx *postgres.Tx) error {
		row, err := tx.Request(ctx, id)
		if err != nil {
			return err
		}
		row.Status = status
		row.Version++
		_, err = tx.Project(ctx, id, row.Progress)
		return err
	})
}

// resume starts the workflow of a request from what its row knows.
func (r *Reconciler) resume(ctx context.Context, ws helpdesk.WorkspaceID, id helpdesk.RequestID) (what string, err error) {
	left, err := r.Keys.KeysLeft(ctx, ws, []helpdesk.RequestID{id})
	if err != nil {
		return "", err
	}
	if _, ok := left[id]; !ok && !r.KeysLost {
		return Ended, r.end(ctx, ws, id, helpdesk.Withdrawn)
	}
	var row helpdesk.Request
	var state *workflows.RequestState // none: it was never triaged
	err = r.Store.InWorkspace(ctx, ws, func(tx *postgres.Tx) (err error) {
		if row, err = tx.Request(ctx, id); err != nil || row.Version == 0 {
			return err
		}
		state = &workflows.RequestState{
			Progress: row.Progress, Number: row.Number, OpenedAt: row.OpenedAt, ScrubAt: row.ScrubAt,
			Shown: row.Version - 1, // so that Slack shows what the row knows
		}
		if !row.ScrubbedAt.IsZero() {
			state.ScrubAt = time.Time{}
		}
		if state.Clocks.FirstResponse, err = level(ctx, tx, id, helpdesk.FirstResponse); err != nil {
			return err
		}
		if state.Clocks.Resolution, err = level(ctx, tx, id, helpdesk.Resolution); err != nil {
			return err
		}
		offered, err := tx.Offer(ctx, id)
		if offered.TS != "" {
			state.Offer = &workflows.Offer{Match: helpdesk.Match{Entry: offered.Entry, Confidence: offered.Confidence}, Posted: true, Pressed: offered.Pressed}
		}
		return err
	})
	if err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	_, err = r.Temporal.ExecuteWorkflow(ctx, client.StartWorkflowOptions{
		ID: names.RequestID(id), TaskQueue: names.QueueRequests,
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		StaticSummary:            fmt.Sprintf("Request #%d", row.Number),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword(names.AttributeWorkspaceID).ValueSet(ws.String()),
			temporal.NewSearchAttributeKeyTime(names.AttributeOpenedAt).ValueSet(row.OpenedAt),
		),
	}, names.WorkflowRequest, names.RequestInput{Workspace: ws, Request: id}, state)
	if err != nil {
		return "", fmt.Errorf("restart the workflow of request %s: %w", id, err)
	}
	return Restarted, nil
}

// level is how far a clock has gone, by what was announced of it.
func level(ctx context.Context, tx *postgres.Tx, id helpdesk.RequestID, clock helpdesk.Clock) (workflows.Level, error) {
	for _, l := range []struct {
		kind  helpdesk.NoticeKind
		level workflows.Level
	}{{helpdesk.Breach, workflows.Breached}, {helpdesk.Warning, workflows.Warned}} {
		e, err := tx.SLAEvent(ctx, id, clock, l.kind)
		if err != nil || e.Outcome != "" {
			return l.level, err
		}
	}
	return workflows.Running, nil
}

// endRowless ends the workflows of requests that were opened after the backup.
func (r *Reconciler) endRowless(ctx context.Context, done Counts) error {
	var next []byte
	for {
		answer, err := r.running(ctx, next)
		if err != nil {
			return err
		}
		for _, run := range answer.GetExecutions() {
			var ws helpdesk.WorkspaceID
			var id helpdesk.RequestID
			of, named := run.GetSearchAttributes().GetIndexedFields()[names.AttributeWorkspaceID]
			workflowID := run.GetExecution().GetWorkflowId()
			if !named || converter.GetDefaultDataConverter().FromPayload(of, &ws) != nil ||
				id.UnmarshalText([]byte(strings.TrimPrefix(workflowID, "request/"))) != nil {
				continue
			}
			var rowless []helpdesk.RequestID
			if err := r.Store.InWorkspace(ctx, ws, func(tx *postgres.Tx) (err error) {
				rowless, err = tx.Unknown(ctx, []helpdesk.RequestID{id})
				return err
			}); err != nil {
				return err
			}
			if len(rowless) == 0 {
				continue
			}
			if err := r.terminate(ctx, workflowID, run.GetExecution().GetRunId()); err != nil {
				return err
			}
			done[Terminated]++
		}
		if next = answer.GetNextPageToken(); len(next) == 0 {
			return nil
		}
	}
}

func (r *Reconciler) running(ctx context.Context, next []byte) (*workflowservice.ListWorkflowExecutionsResponse, error) {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	answer, err := r.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: r.Namespace, PageSize: page, NextPageToken: next,
		Query: fmt.Sprintf("WorkflowType = '%s' and ExecutionStatus = 'Running'", names.WorkflowRequest),
	})
	if err != nil {
		return nil, fmt.Errorf("list running requests: %w", err)
	}
	return answer, nil
}

func (r *Reconciler) terminate(ctx context.Context, workflowID, runID string) error {
	ctx, cancel := context.WithTimeout(ctx, callFor)
	defer cancel()
	err := r.Temporal.TerminateWorkflow(ctx, workflowID, runID, "restored from a backup that does not know it")
	var gone *serviceerror.NotFound
	if err != nil && !errors.As(err, &gone) {
		return fmt.Errorf("end workflow %s: %w", workflowID, err)
	}
	return nil
}
