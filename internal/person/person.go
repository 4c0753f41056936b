// Package person erases what is stored of one person, in an order that makes every crash harmless:
//
//	roles ─► deliveries ─► requests ─► workflows ─► assignments ─► names ─► settle ─► census, certificate
//	                       (keys, text, summary; a random pseudonym becomes the requester)
//
// What stays of requests are figures under the pseudonym, whose person is written nowhere once the erasure has ended. Every
// part may run twice, also at the same time; each round goes through all of them, because somebody who still writes in
// Slack may have opened another request since.
package person

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows/names"
)

const (
	batch       = 200              // rows of one transaction
	patience    = 2 * time.Second  // between two looks at what workflows do by and by
	quiet       = 30 * time.Second // who has claimed a delivery has let go of it by then: the relay's lease
	temporalFor = 5 * time.Second  // for one call
)

// Eraser erases persons.
type Eraser struct {
	Store    *postgres.Store
	Keys     *keystore.Store
	Temporal client.Client
	Signer   certificate.Signer
	Log      *slog.Logger
	Now      func() time.Time
}

// step does the next part of one step. It reports how long to wait before the next round; zero means that the step has
// nothing to do, or has just done what there was.
type step func(*Eraser, context.Context, erasure) (wait time.Duration, err error)

// steps in their order. Roles go first: nothing is sent to the person, or assigned to them, from then on.
var steps = []struct {
	name helpdesk.DataStep
	do   step
}{
	{helpdesk.EraseRoles, (*Eraser).dropRoles},
	{helpdesk.EraseDeliveries, (*Eraser).dropDeliveries},
	{helpdesk.EraseRequests, (*Eraser).dropRequests},
	{helpdesk.EraseWorkflows, (*Eraser).tellWorkflows},
	{helpdesk.EraseAssignments, (*Eraser).unassign},
	{helpdesk.EraseNames, (*Eraser).rename},
	{helpdesk.EraseSettle, (*Eraser).settle},
	{helpdesk.EraseCertify, (*Eraser).certify},
}

// erasure is one on its way.
type erasure struct {
	helpdesk.DataRequest
	workspace helpdesk.WorkspaceID
}

// Next goes once through the steps, up to the first that has to wait, and returns where the erasure stands and how long to
// wait before the next round. [helpdesk.ErrNotFound] where the erasure is gone with its workspace.
func (r *Eraser) Next(ctx context.Context, id helpdesk.WorkspaceID, request helpdesk.DataRequestID) (now helpdesk.DataRequest, wait time.Duration, err error) {
	for _, s := range steps {
		err = r.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
			if now, err = tx.DataRequest(ctx, request); err != nil || now.Ended() || now.Step == s.name {
				return err
			}
			now.Step = s.name
			return tx.StepDataRequest(ctx, request, s.name)
		})
		if err != nil || now.Ended() {
			return now, 0, err
		}
		wait, err = s.do(r, ctx, erasure{now, id})
		if err != nil {
			return now, 0, fmt.Errorf("erase person, step %s: %w", s.name, err)
		}
		if wait > 0 {
			break
		}
	}
	err = r.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
		now, err = tx.DataRequest(ctx, request)
		return err
	})
	return now, wait, err
}

func (r *Eraser) in(ctx context.Context, e erasure, f func(*postgres.Tx) error) error {
	return r.Store.InWorkspace(ctx, e.workspace, f)
}

func (r *Eraser) dropRoles(ctx context.Context, e erasure) (time.Duration, error) {
	return 0, r.in(ctx, e, func(tx *postgres.Tx) error { return tx.DropPersonRole(ctx, e.DataRequest) })
}

// dropDeliveries ends what of the person's waits in the inbox, the keys of what carries text first.
func (r *Eraser) dropDeliveries(ctx context.Context, e erasure) (time.Duration, error) {
	for {
		var ids []helpdesk.InboxID
		err := r.in(ctx, e, func(tx *postgres.Tx) (err error) {
			ids, err = tx.PersonDeliveries(ctx, e.DataRequest, batch)
			return err
		})
		if err != nil || len(ids) == 0 {
			return 0, err
		}
		if err := r.Keys.DestroyInboxKeys(ctx, ids...); err != nil {
			return 0, err
		}
		err = r.in(ctx, e, func(tx *postgres.Tx) error {
			return tx.DropPersonDeliveries(ctx, e.DataRequest, ids, r.Now(), r.Now().Add(quiet))
		})
		if err != nil {
			return 0, err
		}
	}
}

// dropRequests destroys both keys of the person's requests: that is the erasure. Then text, summary and their id go.
func (r *Eraser) dropRequests(ctx context.Context, e erasure) (time.Duration, error) {
	for {
		var ids []helpdesk.RequestID
		err := r.in(ctx, e, func(tx *postgres.Tx) (err error) {
			ids, err = tx.PersonRequests(ctx, e.Person, batch)
			return err
		})
		if err != nil || len(ids) == 0 {
			return 0, err
		}
		for _, id := range ids {
			if err := r.Keys.DestroyRequestKeys(ctx, e.workspace, id, true, true); err != nil {
				return 0, err
			}
		}
		if err := r.in(ctx, e, func(tx *postgres.Tx) error { return tx.DropPersonRequests(ctx, e.DataRequest, ids, r.Now()) }); err != nil {
			return 0, err
		}
	}
}

// tellWorkflows has the workflow of each request of the person's withdraw it, where it is open, and stop waiting for the
// text's deadline.
func (r *Eraser) tellWorkflows(ctx context.Context, e erasure) (time.Duration, error) {
	for {
		var ids []helpdesk.RequestID
		var last int64
		err := r.in(ctx, e, func(tx *postgres.Tx) (err error) {
			ids, last, err = tx.UntoldRequests(ctx, e.DataRequest, batch)
			return err
		})
		if err != nil || len(ids) == 0 {
			return 0, err
		}
		for _, id := range ids {
			if _, err := r.tell(ctx, id, names.SignalErased, struct{}{}); err != nil {
				return 0, err
			}
		}
		if err := r.in(ctx, e, func(tx *postgres.Tx) error { return tx.ToldRequests(ctx, e.ID, last) }); err != nil {
			return 0, err
		}
		e.Signalled = last
	}
}

// tell signals a request's workflow and reports whether there is one that runs.
func (r *Eraser) tell(ctx context.Context, id helpdesk.RequestID, signal string, arg any) (running bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, temporalFor)
	defer cancel()
	err = r.Temporal.SignalWorkflow(ctx, names.RequestID(id), "", signal, arg)
	var gone *serviceerror.NotFound
	if errors.As(err, &gone) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("signal request %s: %w", id, err)
	}
	return true, nil
}

// unassign has the requests that are theirs to answer lose their assignee. Where no workflow runs that could, the row is
// nobody else's.
func (r *Eraser) unassign(ctx context.Context, e erasure) (time.Duration, error) {
	_, assigned, err := r.living(ctx, e)
	if err != nil {
		return 0, err
	}
	for _, request := range assigned {
		running, err := r.tell(ctx, request.ID, names.SignalUnassign, names.Unassign{Version: request.Version})
		if err != nil {
			return 0, err
		}
		if !running {
			p := request.Progress
			p.Assignee = ""
			if err := r.project(ctx, e, request.ID, p); err != nil {
				return 0, err
			}
		}
	}
	return 0, nil
}

func (r *Eraser) living(ctx context.Context, e erasure) (opened, assigned []helpdesk.Request, err error) {
	err = r.in(ctx, e, func(tx *postgres.Tx) error {
		opened, assigned, err = tx.LivingOf(ctx, e.DataRequest, batch)
		return err
	})
	return opened, assigned, err
}

func (r *Eraser) project(ctx context.Context, e erasure, id helpdesk.RequestID, p helpdesk.Progress) error {
	p.Version++
	return r.in(ctx, e, func(tx *postgres.Tx) error {
		_, err := tx.Project(ctx, id, p)
		return err
	})
}

func (r *Eraser) rename(ctx context.Context, e erasure) (time.Duration, error) {
	return 0, r.in(ctx, e, func(tx *postgres.Tx) error { return tx.RenamePerson(ctx, e.DataRequest, r.Now()) })
}

// settle waits until the workflows have done what they were told, and until nobody can be at a delivery of the person's.
func (r *Eraser) settle(ctx context.Context, e erasure) (time.Duration, error) {
	opened, assigned, err := r.living(ctx, e)
	if err != nil {
		return 0, err
	}
	for _, request := range opened {
		running, err := r.tell(ctx, request.ID, names.SignalErased, struct{}{})
		if err != nil {
			return 0, err
		}
		if !running {
			p := request.Progress
			p.Status, p.ClocksOff = helpdesk.Withdrawn, helpdesk.StopErased
			if err := r.project(ctx, e, request.ID, p); err != nil {
				return 0, err
			}
		}
	}
	if wait := e.QuietAt.Sub(r.Now()); wait > 0 {
		return wait, nil
	}
	if len(opened)+len(assigned) > 0 {
		return patience, nil
	}
	return 0, nil
}
