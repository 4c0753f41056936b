package purge

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	commonpb "go.temporal.io/api/common/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows/names"
)

const (
	runs        = 2000            // of one part
	callers     = 20              // calls to Temporal at the same time
	temporalFor = 5 * time.Second // for one call
	page        = 1000            // of one look at what is visible
	quietTwice  = 2               // looks that must find nothing, because what is visible comes late
)

// listRuns notes the workflows of all requests, before the rows that tell which there are can go.
func (p *Purger) listRuns(ctx context.Context, now helpdesk.Purge) (bool, time.Duration, error) {
	var last helpdesk.RequestID
	for {
		err := p.in(ctx, now.Workspace, func(tx *postgres.Tx) (err error) {
			last, err = tx.ListRuns(ctx, names.RequestID(helpdesk.RequestID{})[:len("request/")], last, batch)
			return err
		})
		if err != nil || last == (helpdesk.RequestID{}) {
			return err == nil, 0, err
		}
	}
}

// deleteHistories asks Temporal to delete the next runs that are noted. Where none is noted it looks for others by the
// workspace's id; it is done when two looks in a row found none.
func (p *Purger) deleteHistories(ctx context.Context, now helpdesk.Purge) (bool, time.Duration, error) {
	var due []postgres.Run
	var left int64
	err := p.in(ctx, now.Workspace, func(tx *postgres.Tx) (err error) {
		due, left, err = tx.DueRuns(ctx, p.Now().Add(-patience), runs)
		return err
	})
	switch {
	case err != nil:
		return false, 0, err
	case left == 0:
		return p.look(ctx, now)
	case len(due) == 0: // Temporal is at it
		return false, patience, nil
	}
	asked, gone, err := p.deleteRuns(ctx, due)
	recorded := p.in(ctx, now.Workspace, func(tx *postgres.Tx) error {
		if _, err := tx.CountQuiet(ctx, false, p.Now(), patience); err != nil {
			return err
		}
		return tx.RecordRuns(ctx, asked, gone, p.Now())
	})
	return false, 0, errors.Join(err, recorded)
}

// look notes the runs that Temporal shows for the workspace. What it shows is late in both directions, so that a while has
// to pass between two looks, whatever this one found.
func (p *Purger) look(ctx context.Context, now helpdesk.Purge) (bool, time.Duration, error) {
	found, err := p.visible(ctx, now.Workspace)
	if err != nil {
		return false, 0, err
	}
	quiet := 0
	err = p.in(ctx, now.Workspace, func(tx *postgres.Tx) error {
		if err := tx.AddRuns(ctx, found); err != nil {
			return err
		}
		quiet, err = tx.CountQuiet(ctx, len(found) == 0, p.Now(), patience)
		return err
	})
	if err != nil || quiet >= quietTwice {
		return err == nil, 0, err
	}
	return false, patience, nil
}

// Again deletes the runs that Temporal shows for a workspace whose purge is done, and returns how many. There are some only
// where a workflow that was held up, all workers being down, has started another since.
func (p *Purger) Again(ctx context.Context, id helpdesk.WorkspaceID) (int, error) {
	found, err := p.visible(ctx, id)
	if err != nil || len(found) == 0 {
		return 0, err
	}
	asked, _, err := p.deleteRuns(ctx, found)
	return len(asked), err
}

// visible is a page of the runs that Temporal shows for a workspace.
func (p *Purger) visible(ctx context.Context, id helpdesk.WorkspaceID) ([]postgres.Run, error) {
	ctx, cancel := context.WithTimeout(ctx, temporalFor)
	defer cancel()
	answer, err := p.Temporal.ListWorkflow(ctx, &workflowservice.ListWorkflowExecutionsRequest{
		Namespace: p.Namespace, PageSize: page, Query: fmt.Sprintf("%s = '%s'", names.AttributeWorkspaceID, id),
	})
	if err != nil {
		return nil, fmt.Errorf("list runs of workspace %s: %w", id, err)
	}
	found := make([]postgres.Run, 0, len(answer.GetExecutions()))
	for _, e := range answer.GetExecutions() {
		found = append(found, postgres.Run{WorkflowID: e.GetExecution().GetWorkflowId(), RunID: e.GetExecution().GetRunId()})
	}
	return found, nil
}

// deleteRuns asks Temporal to delete runs, and tells which it has accepted and which are gone. Deleting takes its time: one
// that is asked for again and is not there any more is gone. After a failure the rest is left.
func (p *Purger) deleteRuns(ctx context.Context, due []postgres.Run) (asked, gone []postgres.Run, failed error) {
	next := make(chan postgres.Run)
	var mu sync.Mutex
	var calling sync.WaitGroup
	stop, cancel := context.WithCancel(ctx)
	defer cancel()
	for range callers {
		calling.Go(func() {
			for run := range next {
				there, err := p.deleteRun(stop, run)
				mu.Lock()
				switch {
				case err != nil && failed == nil:
					failed = err
					cancel()
				case err != nil:
				case there:
					asked = append(asked, run)
				default:
					gone = append(gone, run)
				}
				mu.Unlock()
			}
		})
	}
	for _, run := range due {
		select {
		case next <- run:
			continue
		case <-stop.Done():
		}
		break
	}
	close(next)
	calling.Wait()
	return asked, gone, failed
}

func (p *Purger) deleteRun(ctx context.Context, run postgres.Run) (there bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, temporalFor)
	defer cancel()
	_, err = p.Temporal.WorkflowService().DeleteWorkflowExecution(ctx, &workflowservice.DeleteWorkflowExecutionRequest{
		Namespace:         p.Namespace,
		WorkflowExecution: &commonpb.WorkflowExecution{WorkflowId: run.WorkflowID, RunId: run.RunID},
	})
	var gone *serviceerror.NotFound
	switch {
	case err == nil:
		return true, nil
	case errors.As(err, &gone):
		return false, nil
	}
	return false, fmt.Errorf("delete run of workflow %s: %w", run.WorkflowID, err)
}

// unreachable reports whether Temporal did not answer, as against refusing.
func unreachable(err error) bool {
	var unavailable *serviceerror.Unavailable
	var late *serviceerror.DeadlineExceeded
	var busy *serviceerror.ResourceExhausted
	return errors.As(err, &unavailable) || errors.As(err, &late) || errors.As(err, &busy) || errors.Is(err, context.DeadlineExceeded)
}
