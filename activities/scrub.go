package activities

import (
	"context"
	"time"

	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// ScrubInput says whose text has reached its retention deadline.
type ScrubInput struct {
	names.RequestInput
	At time.Time `json:"at"`
}

// Scrub destroys the original text of a request: its key first, that is the erasure; then the row. The summary has a key
// of its own and stays. Harmless when repeated, also after the sweeper was faster.
func (a *Activities) Scrub(ctx context.Context, in ScrubInput) error {
	if err := a.Keys.DestroyTextKeys(ctx, in.Workspace, []helpdesk.RequestID{in.Request}); err != nil {
		return failure(err)
	}
	a.Fail.Pass(failpoint.TextKeyDestroyed)
	return failure(a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error { return tx.Scrub(ctx, in.At, in.Request) }))
}
