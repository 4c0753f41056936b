package activities

import (
	"context"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// RetentionInput asks for one batch of the application of a shortened retention, as of an instant.
type RetentionInput struct {
	names.RetentionInput
	At time.Time `json:"at"`
}

// RetentionResult says what became of a batch; nothing means that all is done.
type RetentionResult struct {
	Destroyed int `json:"destroyed"`
	Moved     int `json:"moved"`
}

// retentionBatch is how many texts one call looks at.
const retentionBatch = 500

// ApplyRetention destroys texts that are past the new deadline, keys first, and moves the deadline of others, telling each
// request's workflow. Harmless when repeated.
func (a *Activities) ApplyRetention(ctx context.Context, in RetentionInput) (r RetentionResult, err error) {
	var due, later []helpdesk.RequestID
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		due, later, err = tx.Outlived(ctx, in.Retention, in.At, retentionBatch)
		return err
	})
	if err != nil {
		return r, failure(err)
	}
	if len(due) > 0 {
		if err := a.Keys.DestroyTextKeys(ctx, in.Workspace, due); err != nil {
			return r, failure(err)
		}
	}
	opened := make(map[helpdesk.RequestID]time.Time, len(later))
	for _, id := range later { // before the rows, or a crash between the two would leave the timers where they are
		if opened[id], err = a.openedAt(ctx, in.Workspace, id); err != nil {
			return r, failure(err)
		}
		if err := a.signal(ctx, id, names.SignalScrubAt, names.ScrubAt{At: opened[id].Add(in.Retention)}); err != nil {
			return r, failure(err)
		}
	}
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if err := tx.Scrub(ctx, in.At, due...); err != nil {
			return err
		}
		return tx.MoveScrubs(ctx, in.Retention, later)
	})
	return RetentionResult{Destroyed: len(due), Moved: len(later)}, failure(err)
}

func (a *Activities) openedAt(ctx context.Context, workspace helpdesk.WorkspaceID, id helpdesk.RequestID) (at time.Time, err error) {
	err = a.Store.InWorkspace(ctx, workspace, func(tx *postgres.Tx) error {
		r, err := tx.Request(ctx, id)
		at = r.OpenedAt
		return err
	})
	return at, err
}
