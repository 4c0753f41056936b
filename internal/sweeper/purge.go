package sweeper

import (
	"context"
	"errors"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

const (
	stuck      = time.Minute      // how long the workflow may leave a purge alone
	alarm      = 10 * time.Minute // before the deadline an operator has to look
	purgeSlice = 50 * time.Second // how long one round goes on with one purge
)

// Purge goes on with every purge that its workflow has left alone, because Temporal or all workers are down, and measures
// all of them.
func (s *Sweeper) Purge(ctx context.Context) error {
	open, err := s.Store.Purges(ctx, batch)
	if err != nil {
		return err
	}
	s.Metrics.Purges.Reset()
	left := helpdesk.PurgeWithin
	var failed error
	for _, p := range open {
		s.Metrics.Purges.WithLabelValues(string(p.Step())).Inc()
		left = min(left, p.Deadline().Sub(s.Now()))
		if left := p.Deadline().Sub(s.Now()); left < alarm {
			s.Log.ErrorContext(ctx, "purge is late: the promise is one hour", "workspace_id", p.Workspace, "step", p.Step(),
				"deadline", p.Deadline(), "left", left)
		}
		if s.abandoned(p) {
			if err := s.goOn(ctx, p); err != nil {
				failed = errors.Join(failed, err)
			}
		}
	}
	s.Metrics.PurgeLeft.Set(left.Seconds())
	return failed
}

func (s *Sweeper) abandoned(p helpdesk.Purge) bool {
	due := p.TouchedAt
	if p.CommittedAt.IsZero() && p.GraceUntil.After(due) {
		due = p.GraceUntil
	}
	return s.Now().Sub(due) >= stuck
}

func (s *Sweeper) goOn(ctx context.Context, p helpdesk.Purge) error {
	s.found(ctx, "purge", 1, p.Workspace)
	until := s.Now().Add(purgeSlice)
	for {
		now, wait, err := s.Purger.Next(ctx, p.Workspace)
		if err != nil || now.Ended() || wait > 0 || s.Now().After(until) {
			return err
		}
	}
}
