// Package purge destroys a workspace after an uninstall, in an order that makes every crash harmless:
//
//	uninstall ─► token destroyed ─► grace ─► keys ─► listing ─► histories ─► rows ─► census ─► certificate
//	             (Begin)            │        (from here on nothing can be read)
//	                                └► restored, by a reinstall
//
// What is known of a purge stands in its row. Each step is a function that does the next part of its work and may run
// twice, also at the same time: the Purge workflow and the sweeper call the same [Purger.Next]. Only the histories need
// Temporal; while it is down the other steps go on without them.
package purge

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

const (
	batch    = 5000            // rows of one transaction
	bodies   = 500             // deliveries of one transaction
	patience = 5 * time.Second // between two looks at what Temporal deletes by and by
)

// Purger destroys workspaces.
type Purger struct {
	Store     *postgres.Store
	Keys      *keystore.Store
	Temporal  client.Client
	Namespace string // of Temporal
	Signer    certificate.Signer
	Log       *slog.Logger
	Now       func() time.Time
	Fail      failpoint.Points
}

// step does the next part of one step. It reports whether the step is done, and else how long to wait before the next
// part.
type step func(*Purger, context.Context, helpdesk.Purge) (done bool, wait time.Duration, err error)

// steps in their order. One that can be put off may fail because Temporal is down; those after it go on, up to the first
// that needs everything.
var steps = []struct {
	name     helpdesk.PurgeStep
	do       step
	putOff   bool
	needsAll bool
}{
	{name: helpdesk.PurgeKeys, do: (*Purger).destroyKeys},
	{name: helpdesk.PurgeListing, do: (*Purger).listRuns},
	{name: helpdesk.PurgeHistories, do: (*Purger).deleteHistories, putOff: true},
	{name: helpdesk.PurgeRows, do: (*Purger).deleteRows},
	{name: helpdesk.PurgeCensus, do: (*Purger).census, needsAll: true},
	{name: helpdesk.PurgeCertify, do: (*Purger).certify, needsAll: true},
}

// Next does the next part of a workspace's purge, a matter of seconds, and returns where the purge stands and how long to
// wait before the next part. It fails where a part could not be done; what was done before is not done again.
func (p *Purger) Next(ctx context.Context, id helpdesk.WorkspaceID) (now helpdesk.Purge, wait time.Duration, err error) {
	err = p.in(ctx, id, func(tx *postgres.Tx) error { return tx.TouchPurge(ctx, p.Now()) })
	if err != nil {
		return now, 0, err
	}
	if now, err = p.load(ctx, id); err != nil || now.Ended() {
		return now, 0, err
	}
	if now.CommittedAt.IsZero() {
		if wait := now.GraceUntil.Sub(p.Now()); wait > 0 {
			return now, wait, nil
		}
		if busy, err := p.underWay(ctx, now); err != nil || busy {
			return now, time.Second, err
		}
		if err := p.commit(ctx, id); err != nil {
			return now, 0, err
		}
		if now, err = p.load(ctx, id); err != nil || now.Ended() {
			return now, 0, err
		}
	}
	wait, err = p.advance(ctx, now)
	now, loaded := p.load(ctx, id)
	return now, wait, errors.Join(err, loaded)
}

// advance does a part of the first step that is not done, and where that one can be put off, of the one after it.
func (p *Purger) advance(ctx context.Context, now helpdesk.Purge) (time.Duration, error) {
	var late error // of a step that was put off
	for _, s := range steps {
		if !done(now, s.name) && (late == nil || !s.needsAll) {
			finished, wait, err := s.do(p, ctx, now)
			switch {
			case err != nil && s.putOff && unreachable(err):
				late = err
				continue
			case err != nil || !finished:
				return wait, errors.Join(late, err)
			}
			p.Fail.Pass(afterStep[s.name]) // none where finishing is part of the step
			if err := p.finish(ctx, now, s.name); err != nil {
				return 0, err
			}
			if late == nil {
				return 0, nil
			}
		}
	}
	return 0, late
}

// afterStep is where a test may end the process: a step is done, and nothing says so.
var afterStep = map[helpdesk.PurgeStep]failpoint.Name{
	helpdesk.PurgeKeys: failpoint.PurgeKeys, helpdesk.PurgeListing: failpoint.PurgeListing,
	helpdesk.PurgeHistories: failpoint.PurgeHistories, helpdesk.PurgeRows: failpoint.PurgeRows, helpdesk.PurgeCensus: failpoint.PurgeCensus,
}

func done(now helpdesk.Purge, step helpdesk.PurgeStep) bool {
	at := map[helpdesk.PurgeStep]time.Time{
		helpdesk.PurgeKeys: now.KeysAt, helpdesk.PurgeListing: now.ListedAt, helpdesk.PurgeHistories: now.HistoriesAt,
		helpdesk.PurgeRows: now.RowsAt, helpdesk.PurgeCensus: now.CensusAt, helpdesk.PurgeCertify: now.DoneAt,
	}
	return !at[step].IsZero()
}

func (p *Purger) in(ctx context.Context, id helpdesk.WorkspaceID, f func(*postgres.Tx) error) error {
	return p.Store.InWorkspace(ctx, id, f)
}

func (p *Purger) load(ctx context.Context, id helpdesk.WorkspaceID) (now helpdesk.Purge, err error) {
	err = p.in(ctx, id, func(tx *postgres.Tx) error {
		now, err = tx.Purge(ctx)
		return err
	})
	return now, err
}

// underWay reports whether a delivery that was claimed before the uninstall may still be handed over: what it starts must
// be there when the purge looks for it. One that is claimed later finds that the workspace is uninstalled.
func (p *Purger) underWay(ctx context.Context, now helpdesk.Purge) (busy bool, err error) {
	if p.Now().Sub(now.TokenAt) > helpdesk.DeliveryLease {
		return false, nil
	}
	err = p.in(ctx, now.Workspace, func(tx *postgres.Tx) error {
		busy, err = tx.UnderWay(ctx, p.Now())
		return err
	})
	return busy, err
}

// commit ends the grace, unless the workspace was restored in the last moment.
func (p *Purger) commit(ctx context.Context, id helpdesk.WorkspaceID) error {
	committed := false
	err := p.in(ctx, id, func(tx *postgres.Tx) (err error) {
		committed, err = tx.CommitPurge(ctx, p.Now())
		return err
	})
	if err == nil && committed {
		p.Log.InfoContext(ctx, "purge: the grace is over", "workspace_id", id)
	}
	return err
}

func (p *Purger) finish(ctx context.Context, now helpdesk.Purge, step helpdesk.PurgeStep) error {
	err := p.in(ctx, now.Workspace, func(tx *postgres.Tx) error { return tx.FinishPurgeStep(ctx, step, p.Now()) })
	if err == nil {
		p.Log.InfoContext(ctx, "purge: step done", "workspace_id", now.Workspace, "step", step)
	}
	return err
}

// destroyKeys is the commit point: from here on nobody can read anything of the workspace.
func (p *Purger) destroyKeys(ctx context.Context, now helpdesk.Purge) (bool, time.Duration, error) {
	if err := p.destroyBodies(ctx, now.Workspace); err != nil {
		return false, 0, err
	}
	there, err := p.Keys.Census(ctx, now.Workspace)
	if err != nil {
		return false, 0, err
	}
	if err := p.in(ctx, now.Workspace, func(tx *postgres.Tx) error { return tx.CountPurgedKeys(ctx, there) }); err != nil {
		return false, 0, err
	}
	_, err = p.Keys.DestroyWorkspace(ctx, now.Workspace)
	return err == nil, 0, err
}

// destroyBodies destroys the deliveries that still carry text, keys first.
func (p *Purger) destroyBodies(ctx context.Context, id helpdesk.WorkspaceID) error {
	for {
		var left []helpdesk.InboxID
		err := p.in(ctx, id, func(tx *postgres.Tx) (err error) {
			left, err = tx.BodiesLeft(ctx, bodies)
			return err
		})
		if err != nil || len(left) == 0 {
			return err
		}
		if err := p.Keys.DestroyInboxKeys(ctx, left...); err != nil {
			return err
		}
		if err := p.in(ctx, id, func(tx *postgres.Tx) error { return tx.DeleteBodies(ctx, left) }); err != nil {
			return err
		}
	}
}

// deleteRows deletes one batch after the other.
func (p *Purger) deleteRows(ctx context.Context, now helpdesk.Purge) (bool, time.Duration, error) {
	if err := p.destroyBodies(ctx, now.Workspace); err != nil { // of a delivery that was under way when the keys went
		return false, 0, err
	}
	until := p.Now().Add(patience)
	for {
		var deleted int64
		err := p.in(ctx, now.Workspace, func(tx *postgres.Tx) (err error) {
			deleted, err = tx.DeleteRows(ctx, batch)
			return err
		})
		if err != nil || deleted == 0 {
			return err == nil, 0, err
		}
		if p.Now().After(until) {
			return false, 0, nil
		}
	}
}

// ErrLeft: after all steps something of the workspace is still there.
var ErrLeft = errors.New("something is left of the workspace")

// census counts what is left anywhere: nothing may be. What somebody who was under way has left after a step was done goes
// first.
func (p *Purger) census(ctx context.Context, now helpdesk.Purge) (bool, time.Duration, error) {
	if _, err := p.Keys.DestroyWorkspace(ctx, now.Workspace); err != nil {
		return false, 0, err
	}
	if finished, wait, err := p.deleteHistories(ctx, now); err != nil || !finished {
		return false, wait, err
	}
	if finished, wait, err := p.deleteRows(ctx, now); err != nil || !finished {
		return false, wait, err
	}
	var left map[string]int64
	err := p.in(ctx, now.Workspace, func(tx *postgres.Tx) (err error) {
		left, err = tx.Census(ctx)
		return err
	})
	if err != nil {
		return false, 0, err
	}
	keys, err := p.Keys.Census(ctx, now.Workspace)
	if err != nil {
		return false, 0, err
	}
	runs, err := p.visible(ctx, now.Workspace)
	if err != nil {
		return false, 0, err
	}
	if len(left) > 0 || keys > 0 || len(runs) > 0 {
		return false, 0, fmt.Errorf("census of workspace %s: rows %v, %d keys, %d runs: %w", now.Workspace, left, keys, len(runs), ErrLeft)
	}
	return true, 0, nil
}
