package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// SaveSketch stores what a request's text is compared by, sealed under the text's key and beside the text: where that is
// destroyed or replaced, so is this. Where there is no text it does nothing.
func (tx *Tx) SaveSketch(ctx context.Context, id helpdesk.RequestID, sketch []byte, key seal.Key) error {
	_, err := tx.tx.Exec(ctx, `update tenant.request_text set sketch = $3 where workspace_id = $1 and request_id = $2`,
		tx.workspace, id, key.Seal(sketch, tx.requestAD(id, "sketch")))
	if err != nil {
		return fmt.Errorf("save sketch of request %s: %w", id, err)
	}
	return nil
}

// Neighbour is a request that was opened about when another one was.
type Neighbour struct {
	helpdesk.Peer
	OpenedAt time.Time
	Marked   bool // it is known to be of an incident

	sealed []byte
	ad     seal.AD
}

// Neighbours lists open requests that were opened within a time of an instant, but for one: the newest, at most limit. Their
// sketches are sealed: see [Neighbour.Sketch].
func (tx *Tx) Neighbours(ctx context.Context, id helpdesk.RequestID, at time.Time, within time.Duration, limit int) ([]Neighbour, error) {
	rows, err := tx.tx.Query(ctx, `
		select r.request_id, r.number, r.opened_at, r.kin ? 'incident', t.sketch
		from tenant.request r join tenant.request_text t on t.workspace_id = $1 and t.request_id = r.request_id
		where r.workspace_id = $1 and r.request_id <> $2 and r.opened_at between $3 and $4
		  and r.status in ('new', 'in_progress', 'waiting') and t.sketch is not null
		order by r.opened_at desc limit $5`, tx.workspace, id, at.Add(-within), at.Add(within), limit)
	if err != nil {
		return nil, fmt.Errorf("list neighbours of request %s: %w", id, err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (n Neighbour, err error) {
		err = row.Scan(&n.ID, &n.Number, null(&n.OpenedAt), &n.Marked, &n.sealed)
		n.ad = tx.requestAD(n.ID, "sketch")
		return n, err
	})
	if err != nil {
		return nil, fmt.Errorf("list neighbours of request %s: %w", id, err)
	}
	return found, nil
}

// Sketch opens the sketch of a neighbour with the key of its text.
func (n Neighbour) Sketch(key seal.Key) ([]byte, error) {
	sketch, err := key.Open(n.sealed, n.ad)
	if err != nil {
		return nil, fmt.Errorf("open sketch of request %s: %w", n.ID, err)
	}
	return sketch, nil
}

// Relatives loads what is shown of some requests beside another one; those that are no requests of the workspace are left
// out.
func (tx *Tx) Relatives(ctx context.Context, ids []helpdesk.RequestID) ([]helpdesk.Relative, error) {
	rows, err := tx.tx.Query(ctx, `
		select request_id, number, link, opened_at,
		       status in ('new', 'in_progress', 'waiting') and clocks_off = '' and duplicate_of is null
		from tenant.request where workspace_id = $1 and request_id = any($2) order by number`, tx.workspace, ids)
	if err != nil {
		return nil, fmt.Errorf("load %d requests beside another: %w", len(ids), err)
	}
	found, err := pgx.CollectRows(rows, func(row pgx.CollectableRow) (r helpdesk.Relative, err error) {
		err = row.Scan(&r.ID, &r.Number, &r.Link, null(&r.OpenedAt), &r.Leads)
		return r, err
	})
	if err != nil {
		return nil, fmt.Errorf("load %d requests beside another: %w", len(ids), err)
	}
	return found, nil
}
