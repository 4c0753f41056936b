package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Raises is how many other requests of a request's author a machine has given a priority above medium, of those opened within
// the given time of it. Until the transaction ends no other one counts for the same person, so what it decides holds.
func (tx *Tx) Raises(ctx context.Context, id helpdesk.RequestID, within time.Duration) (n int, err error) {
	if _, err := tx.tx.Exec(ctx, `
		select pg_advisory_xact_lock(hashtextextended('raises ' || workspace_id || requester, 0))
		from tenant.request where workspace_id = $1 and request_id = $2`, tx.workspace, id); err != nil {
		return 0, fmt.Errorf("count raises beside request %s: %w", id, err)
	}
	err = tx.tx.QueryRow(ctx, `
		select count(o.request_id)
		from tenant.request r left join tenant.request o
		  on o.workspace_id = $1 and o.requester = r.requester and o.request_id <> r.request_id
		  and o.priority in ('critical', 'high') and o.triaged_by not in ('', $3)
		  and o.opened_at between r.opened_at - make_interval(secs => $4) and r.opened_at + make_interval(secs => $4)
		where r.workspace_id = $1 and r.request_id = $2
		group by r.request_id`, tx.workspace, id, helpdesk.ByHuman, within.Seconds()).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count raises beside request %s: %w", id, notFound(err))
	}
	return n, nil
}
