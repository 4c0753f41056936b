package sweeper

import (
	"context"
	"errors"
	"maps"
	"slices"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

const (
	stuck      = time.Minute        // how long the workflow may leave a purge alone
	alarm      = 10 * time.Minute   // before the deadline an operator has to look
	purgeSlice = 50 * time.Second   // how long one round goes on with one purge, where there are others
	lookAgain  = 7 * 24 * time.Hour // how long after a purge something may come to light
)

// Purge goes on with every purge that its workflow has left alone, because Temporal or all workers are down, and measures
// all of them.
func (s *Sweeper) Purge(ctx context.Context) error {
	open, err := s.Store.Purges(ctx, batch)
	if err != nil {
		return err
	}
	s.Metrics.Purges.Reset()
	maps.DeleteFunc(s.mine, func(id helpdesk.WorkspaceID, _ time.Time) bool {
		return !slices.ContainsFunc(open, func(p helpdesk.Purge) bool { return p.Workspace == id })
	})
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

// abandoned reports whether nobody else works on a purge: it stands as this sweeper has left it, or has stood still for long.
func (s *Sweeper) abandoned(p helpdesk.Purge) bool {
	due := p.TouchedAt
	if s.mine[p.Workspace].Equal(due) {
		return true
	}
	if p.CommittedAt.IsZero() && p.GraceUntil.After(due) {
		due = p.GraceUntil
	}
	return s.Now().Sub(due) >= stuck
}

// goOn does the next parts of a purge for a while. One that fails is followed by the next as long as something gets done:
// while Temporal is down every part fails, and the rows go all the same.
func (s *Sweeper) goOn(ctx context.Context, p helpdesk.Purge) error {
	if _, before := s.mine[p.Workspace]; !before {
		s.found(ctx, "purge", 1, p.Workspace)
	}
	until := s.Now().Add(purgeSlice)
	for {
		now, wait, err := s.Purger.Next(ctx, p.Workspace)
		if s.mine == nil {
			s.mine = make(map[helpdesk.WorkspaceID]time.Time)
		}
		s.mine[p.Workspace] = now.TouchedAt
		if now.Ended() || wait > 0 || s.Now().After(until) || err != nil && !advanced(p, now) {
			return err
		}
		p = now
	}
}

// advanced reports whether anything was done between two states of a purge.
func advanced(before, now helpdesk.Purge) bool {
	before.TouchedAt, now.TouchedAt = time.Time{}, time.Time{}
	return before != now
}

// SweepRuns looks again at workspaces whose purge is done: a workflow that was held up while all workers were down may have
// started another one since.
func (s *Sweeper) SweepRuns(ctx context.Context) error {
	ids, err := s.Store.Purged(ctx, s.Now().Add(-lookAgain))
	if err != nil {
		return err
	}
	for _, id := range ids {
		n, err := s.Purger.Again(ctx, id)
		if n > 0 {
			s.found(ctx, "history", n, id)
		}
		if err != nil {
			return err // Temporal is down: the next round is for all of them
		}
	}
	return nil
}
