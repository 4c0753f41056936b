package sweeper

import (
	"context"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

const (
	dueSoon   = 7 * 24 * time.Hour // before the law's deadline an operator has to look
	dataBatch = 100                // of one workspace
)

// DataRequests measures what persons have asked for and did not get yet, and the time that the law leaves.
func (s *Sweeper) DataRequests(ctx context.Context) error {
	s.Metrics.DataRequests.Reset()
	left := helpdesk.GDPR.Within()
	err := s.workspaces(ctx, func(id helpdesk.WorkspaceID) error {
		var found []helpdesk.DataRequest
		err := s.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) (err error) {
			found, err = tx.DataRequests(ctx, dataBatch)
			return err
		})
		for _, d := range found {
			if d.Ended() {
				break // those not yet answered come first
			}
			s.Metrics.DataRequests.WithLabelValues(string(d.Kind)).Inc()
			if d.Law == "" {
				continue
			}
			until := d.DueAt.Sub(s.Now())
			left = min(left, until)
			if until < dueSoon {
				s.Log.ErrorContext(ctx, "data request is due by law", "workspace_id", id, "data_request_id", d.ID, "kind", d.Kind,
					"step", d.Step, "due", d.DueAt, "left", until)
			}
		}
		return err
	})
	s.Metrics.DataRequestLeft.Set(left.Seconds())
	return err
}
