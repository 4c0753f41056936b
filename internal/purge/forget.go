package purge

import (
	"context"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Forget deletes the runs that Temporal shows for a workspace that was destroyed before, because an older state of Temporal
// was restored, and says how many. It needs no row of the workspace.
func (p *Purger) Forget(ctx context.Context, id helpdesk.WorkspaceID) (n int64, err error) {
	asked := make(map[string]bool)
	for {
		found, err := p.visible(ctx, id)
		if err != nil || len(found) == 0 {
			return int64(len(asked)), err
		}
		if _, _, err := p.deleteRuns(ctx, found); err != nil {
			return int64(len(asked)), err
		}
		for _, run := range found {
			asked[run.RunID] = true
		}
		select { // Temporal deletes by and by
		case <-ctx.Done():
			return int64(len(asked)), ctx.Err()
		case <-time.After(time.Second):
		}
	}
}
