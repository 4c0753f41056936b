package postgres_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// neighbours are the numbers of those found about a request, with what their sketches say.
func neighbours(ctx context.Context, tx *postgres.Tx, w tenant, limit int) (found []string, err error) {
	all, err := tx.Neighbours(ctx, w.request, now, 30*time.Minute, limit)
	for _, n := range all {
		sketch, err := n.Sketch(w.key)
		if err != nil {
			return nil, err
		}
		found = append(found, fmt.Sprintf("#%d %s %v", n.Number, sketch, n.Marked))
	}
	return found, err
}

// Who opened about when a request was, and is open and has a text, is found, the newest first; others are not.
func TestNeighbours(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		ids := map[int64]helpdesk.RequestID{}
		for n, at := range []time.Duration{0, -29 * time.Minute, -31 * time.Minute, time.Minute, -time.Minute, -2 * time.Minute, -3 * time.Minute} {
			id := w.request
			if n > 0 {
				id = helpdesk.NewRequestID()
				if _, err := tx.OpenRequest(ctx, helpdesk.Request{
					ID: id, Channel: w.channel, OriginTS: fmt.Sprintf("2.%06d", n), Requester: "U1", OpenedAt: now.Add(at),
				}, []byte("text"), w.key); err != nil {
					return err
				}
			}
			ids[int64(n)+1] = id
			if err := tx.SaveSketch(ctx, id, []byte(fmt.Sprint("sketch", n+1)), w.key); err != nil {
				return err
			}
		}
		incident := helpdesk.Progress{Version: 1, Status: helpdesk.Waiting, Priority: helpdesk.Low, Kin: helpdesk.Kin{Incident: 3}}
		if _, err := tx.Project(ctx, ids[2], incident); err != nil {
			return err
		}
		if _, err := tx.Project(ctx, ids[5], helpdesk.Progress{Version: 1, Status: helpdesk.Resolved, Priority: helpdesk.Low}); err != nil {
			return err
		}
		if err := tx.Scrub(ctx, now, ids[6]); err != nil {
			return err
		}
		if newest, err := tx.ClaimEdit(ctx, ids[7], "3.000001"); err != nil || !newest {
			return fmt.Errorf("claim: %v, %w", newest, err)
		}
		if done, err := tx.ReplaceText(ctx, ids[7], "3.000001", []byte("edited"), seal.NewKey()); err != nil || !done {
			return fmt.Errorf("replace: %v, %w", done, err)
		}
		if got, err := neighbours(ctx, tx, w, 10); err != nil || fmt.Sprint(got) != "[#4 sketch4 false #2 sketch2 true]" {
			t.Errorf("found %q, %v", got, err)
		}
		if got, err := neighbours(ctx, tx, w, 1); err != nil || fmt.Sprint(got) != "[#4 sketch4 false]" {
			t.Errorf("found %q, %v", got, err)
		}
		all, err := tx.Neighbours(ctx, w.request, now, 30*time.Minute, 1)
		if err != nil {
			return err
		}
		if _, err := all[0].Sketch(seal.NewKey()); err == nil {
			t.Error("a sketch opens with another key")
		}
		return nil
	})
}

// Pages find duplicates by what they follow.
func TestDuplicateOf(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	kin := helpdesk.Kin{
		Similar: []helpdesk.Peer{{ID: helpdesk.NewRequestID(), Number: 3}}, Original: helpdesk.Peer{ID: helpdesk.NewRequestID(), Number: 12}, JoinedAt: now,
		Heeded: 4, Duplicates: []helpdesk.Peer{{ID: helpdesk.NewRequestID(), Number: 14}}, Incident: 3,
	}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := tx.Project(ctx, w.request, helpdesk.Progress{Version: 1, Status: helpdesk.New, Priority: helpdesk.Low, Kin: kin}); err != nil {
			return err
		}
		r, err := tx.Request(ctx, w.request)
		if err != nil || fmt.Sprint(r.Kin) != fmt.Sprint(kin) {
			t.Errorf("got %+v, want %+v: %v", r.Kin, kin, err)
		}
		var original helpdesk.RequestID
		if err := postgres.Unbound(tx).QueryRow(ctx, `select duplicate_of from tenant.request`).Scan(&original); err != nil || original != kin.Original.ID {
			t.Errorf("duplicate of %s, want %s: %v", original, kin.Original.ID, err)
		}
		if _, err := tx.Project(ctx, w.request, helpdesk.Progress{Version: 2, Status: helpdesk.New, Priority: helpdesk.Low}); err != nil {
			return err
		}
		var none bool
		if err := postgres.Unbound(tx).QueryRow(ctx, `select duplicate_of is null from tenant.request`).Scan(&none); err != nil || !none {
			t.Errorf("still a duplicate: %v", err)
		}
		return nil
	})
}
