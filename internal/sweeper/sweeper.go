// Package sweeper destroys what has outlived its time, whether or not Temporal runs: the net under the workflows. It needs
// the two databases and nothing else, may run in any number of processes at once, and is harmless when repeated. What it
// finds to do is counted, because in good health it is nothing.
package sweeper

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/observe"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/purge"
)

const (
	every       = time.Minute      // between two rounds
	everyPurge  = 15 * time.Second // between two looks for purges that nobody goes on with
	everyOrphan = time.Hour        // between two looks for what nothing needs
	first       = 90 * time.Second // how long the workflow may take after a deadline; a text is gone within 5 minutes
	applied     = 10 * time.Minute // how long the workflow may take to apply a shorter retention
	orphanAge   = time.Hour        // younger keys may be about to get their row
	bodyAge     = 24 * time.Hour   // the shortest retention: a delivery still waiting then will not be handed over
	batch       = 500              // of one transaction
)

// Sweeper destroys texts past their deadline, bodies that wait too long, and keys that nothing needs.
type Sweeper struct {
	Store   *postgres.Store
	Keys    *keystore.Store
	Purger  *purge.Purger
	Signer  certificate.Signer
	Metrics *observe.Metrics
	Log     *slog.Logger
	Now     func() time.Time

	mine map[helpdesk.WorkspaceID]time.Time // when this sweeper last worked on a purge
}

// Run sweeps until ctx ends. Each duty has its own pace: no purge, however large, keeps a text alive.
func (s *Sweeper) Run(ctx context.Context) {
	var running sync.WaitGroup
	for _, duty := range []struct {
		do    func(context.Context) error
		every time.Duration
		lost  string // what it means that it was not done
	}{
		{s.Sweep, every, "sweep not finished; texts may outlive their deadline"},
		{s.Certify, every, "erasures not certified"},
		{s.Purge, everyPurge, "purges not finished; the hour runs"},
		{s.DataRequests, every, "data requests not measured"},
		{s.SweepKeys, everyOrphan, "keys without an owner not swept"},
		{s.SweepRuns, everyOrphan, "purged workspaces not looked at again"},
	} {
		running.Go(func() {
			tick := time.NewTicker(duty.every)
			defer tick.Stop()
			for {
				if err := s.guard(ctx, duty.do); err != nil && ctx.Err() == nil {
					s.Log.ErrorContext(ctx, duty.lost, "err", err)
				}
				select {
				case <-ctx.Done():
					return
				case <-tick.C:
				}
			}
		})
	}
	running.Wait()
}

// guard keeps what goes wrong in one duty from the others and from the process.
func (s *Sweeper) guard(ctx context.Context, duty func(context.Context) error) error {
	return observe.Guard(ctx, s.Log, func() error { return duty(ctx) })
}

// Sweep destroys every text that has outlived its deadline, keys first, and every body that has waited too long.
func (s *Sweeper) Sweep(ctx context.Context) error {
	now := s.Now()
	s.Metrics.Overdue.Reset()
	err := s.workspaces(ctx, func(id helpdesk.WorkspaceID) error { return s.scrub(ctx, id, now) })
	if err != nil {
		return err
	}
	for {
		ids, err := s.Store.ExpireDeliveries(ctx, now.Add(-bodyAge), now, batch)
		if err != nil {
			return err
		}
		if len(ids) == 0 {
			s.Metrics.SweptAt.Set(float64(now.Unix()))
			return nil
		}
		if err := s.Keys.DestroyInboxKeys(ctx, ids...); err != nil {
			return err
		}
		s.found(ctx, "body", len(ids), helpdesk.WorkspaceID{})
	}
}

// scrub destroys what is due in one workspace: by its own deadline, or by a retention that was shortened since and that
// no workflow has applied.
func (s *Sweeper) scrub(ctx context.Context, id helpdesk.WorkspaceID, now time.Time) error {
	for {
		var due []helpdesk.RequestID
		err := s.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) (err error) {
			if due, err = tx.DueScrubs(ctx, now.Add(-first), batch); err != nil || len(due) > 0 {
				return err
			}
			retention, _, err := tx.Retention(ctx)
			if err != nil {
				return err
			}
			due, _, err = tx.Outlived(ctx, retention, now.Add(-applied), batch)
			return err
		})
		if err != nil || len(due) == 0 {
			return err
		}
		if err := s.Keys.DestroyTextKeys(ctx, id, due); err != nil {
			s.Metrics.Overdue.WithLabelValues("text").Add(float64(len(due)))
			return err
		}
		if err := s.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) error { return tx.Scrub(ctx, now, due...) }); err != nil {
			return err
		}
		s.found(ctx, "text", len(due), id)
	}
}

// SweepKeys destroys keys that have no request, or no delivery: a crash between key and row leaves one.
func (s *Sweeper) SweepKeys(ctx context.Context) error {
	before := s.Now().Add(-orphanAge)
	err := s.workspaces(ctx, func(id helpdesk.WorkspaceID) error { return s.requestKeys(ctx, id, before) })
	if err != nil {
		return err
	}
	var last helpdesk.InboxID
	for {
		ids, err := s.Keys.OldInboxKeys(ctx, before, last, batch)
		if err != nil || len(ids) == 0 {
			return err
		}
		last = ids[len(ids)-1]
		orphans, err := s.Store.Bodiless(ctx, ids)
		if err != nil {
			return err
		}
		if len(orphans) > 0 {
			if err := s.Keys.DestroyInboxKeys(ctx, orphans...); err != nil {
				return err
			}
			s.found(ctx, "inbox key", len(orphans), helpdesk.WorkspaceID{})
		}
	}
}

func (s *Sweeper) requestKeys(ctx context.Context, id helpdesk.WorkspaceID, before time.Time) error {
	var last helpdesk.RequestID
	for {
		ids, err := s.Keys.OldRequestKeys(ctx, id, before, last, batch)
		if err != nil || len(ids) == 0 {
			return err
		}
		last = ids[len(ids)-1]
		var orphans []helpdesk.RequestID
		err = s.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
			orphans, err = tx.Unknown(ctx, ids)
			return err
		})
		if err != nil {
			return err
		}
		for _, orphan := range orphans {
			if err := s.Keys.DestroyRequestKeys(ctx, id, orphan, true, true); err != nil {
				return err
			}
		}
		if len(orphans) > 0 {
			s.found(ctx, "request key", len(orphans), id)
		}
	}
}

// workspaces calls f for every workspace that is kept; one that fails does not keep the others from their turn.
func (s *Sweeper) workspaces(ctx context.Context, f func(helpdesk.WorkspaceID) error) (failed error) {
	var last helpdesk.WorkspaceID
	for {
		ids, err := s.Store.Kept(ctx, last, batch)
		if err != nil || len(ids) == 0 {
			return errors.Join(failed, err)
		}
		for _, id := range ids {
			if err := f(id); err != nil {
				failed = errors.Join(failed, err)
			}
			last = id
		}
	}
}

// found counts what had to be done here.
func (s *Sweeper) found(ctx context.Context, what string, n int, workspace helpdesk.WorkspaceID) {
	s.Metrics.Swept.WithLabelValues(what).Add(float64(n))
	s.Log.WarnContext(ctx, "swept what should have been gone", "what", what, "count", n, "workspace_id", workspace)
}
