package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// args are the parameters of the statements about a person.
func (tx *Tx) args(d helpdesk.DataRequest, more pgx.NamedArgs) pgx.NamedArgs {
	args := pgx.NamedArgs{"workspace": tx.workspace, "person": d.Person, "pseudonym": d.Pseudonym, "self": d.ID}
	for name, v := range more {
		args[name] = v
	}
	return args
}

// PreviewPerson counts what is stored of a person, and what an erasure would do.
func (tx *Tx) PreviewPerson(ctx context.Context, person string) (p helpdesk.PersonPreview, err error) {
	d := helpdesk.DataRequest{Person: person}
	err = tx.tx.QueryRow(ctx, `
		select count(*), count(t.request_id), count(r.summary), count(*) filter (where status in ('new', 'in_progress', 'waiting')),
		       (select count(*) from tenant.request where workspace_id = @workspace and assignee = @person and requester <> @person
		          and status in ('new', 'in_progress', 'waiting', 'resolved')),
		       (select count(*) from tenant.agent where workspace_id = @workspace and slack_user = @person),
		       (select count(*) from system.inbox where workspace_id = @workspace and refs->>'user' = @person),
		       exists (select from tenant.agent where workspace_id = @workspace and slack_user = @person and role = 'admin')
		         and not exists (select from tenant.agent where workspace_id = @workspace and slack_user <> @person and role = 'admin')
		from tenant.request r left join tenant.request_text t on t.workspace_id = @workspace and t.request_id = r.request_id
		where r.workspace_id = @workspace and requester = @person`, tx.args(d, nil)).
		Scan(&p.Requests, &p.Texts, &p.Summaries, &p.Open, &p.Assigned, &p.Roles, &p.Deliveries, &p.LastAdmin)
	if err != nil {
		return p, fmt.Errorf("look for a person in workspace %s: %w", tx.workspace, err)
	}
	for _, c := range personColumns {
		if !c.size {
			continue
		}
		n, err := tx.holding(ctx, c, d)
		if err != nil {
			return p, err
		}
		p.Names += n
	}
	return p, nil
}

// holding counts the rows of a column that hold the person of d.
func (tx *Tx) holding(ctx context.Context, c Column, d helpdesk.DataRequest) (n int64, err error) {
	err = tx.tx.QueryRow(ctx, `select count(*) from `+c.Table+` where workspace_id = @workspace and `+c.where, tx.args(d, nil)).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count in %s.%s of workspace %s: %w", c.Table, c.Column, tx.workspace, err)
	}
	return n, nil
}

// CensusPerson counts what is left of the person of an erasure, by column; columns without anything are left out. Requests
// of theirs that still have text or summary, or are still open, count, too.
func (tx *Tx) CensusPerson(ctx context.Context, d helpdesk.DataRequest) (map[string]int64, error) {
	left := make(map[string]int64)
	for _, c := range append(Columns(),
		Column{Table: "tenant.request", Column: "status", where: `requester = @pseudonym and status in ('new', 'in_progress', 'waiting')`},
		Column{Table: "tenant.request", Column: "summary", where: `requester = @pseudonym and summary is not null`},
		Column{Table: "tenant.request_text", Column: "sealed", where: `request_id in (
			select request_id from tenant.request where workspace_id = @workspace and requester = @pseudonym)`},
	) {
		n, err := tx.holding(ctx, c, d)
		if err != nil {
			return nil, err
		}
		if n > 0 {
			left[c.Table+"."+c.Column] = n
		}
	}
	return left, nil
}

// DropPersonRole takes every role of the person of an erasure. [helpdesk.ErrLastAdmin] where the workspace would be left
// without an admin.
func (tx *Tx) DropPersonRole(ctx context.Context, d helpdesk.DataRequest) error {
	rows, err := tx.tx.Query(ctx, `
		select slack_user, role from tenant.agent where workspace_id = $1 order by slack_user for update`, tx.workspace)
	if err != nil {
		return fmt.Errorf("lock roles of workspace %s: %w", tx.workspace, err)
	}
	agents, err := pgx.CollectRows(rows, pgx.RowToStructByPos[helpdesk.Agent])
	if err != nil {
		return fmt.Errorf("lock roles of workspace %s: %w", tx.workspace, err)
	}
	is, others := false, false
	for _, a := range agents {
		is = is || a.User == d.Person && a.Role == helpdesk.RoleAdmin
		others = others || a.User != d.Person && a.Role == helpdesk.RoleAdmin
	}
	if is && !others {
		return helpdesk.ErrLastAdmin
	}
	err = tx.RemoveAgent(ctx, d.Person)
	if errors.Is(err, helpdesk.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	return tx.changeDataRequest(ctx, d.ID, `roles = roles + 1`)
}

// PersonDeliveries lists what waits in the inbox of the person of an erasure, at most limit.
func (tx *Tx) PersonDeliveries(ctx context.Context, d helpdesk.DataRequest, limit int) ([]helpdesk.InboxID, error) {
	rows, err := tx.tx.Query(ctx, `
		select inbox_id from system.inbox where workspace_id = $1 and refs->>'user' = $2 order by inbox_id limit $3`, tx.workspace, d.Person, limit)
	if err != nil {
		return nil, fmt.Errorf("list deliveries of a person: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.InboxID])
	if err != nil {
		return nil, fmt.Errorf("list deliveries of a person: %w", err)
	}
	return ids, nil
}

// DropPersonDeliveries ends deliveries of the person of an erasure; their keys must be destroyed first. Who has claimed one
// of them may go on with it until quiet; that is noted.
func (tx *Tx) DropPersonDeliveries(ctx context.Context, d helpdesk.DataRequest, ids []helpdesk.InboxID, now, quiet time.Time) error {
	tag, err := tx.tx.Exec(ctx, `
		update system.inbox set done_at = coalesce(done_at, @now), outcome = 'person erased', refs = null, sealed = null
		where workspace_id = @workspace and inbox_id = any(@ids) and refs->>'user' = @person`, tx.args(d, pgx.NamedArgs{"now": now, "ids": ids}))
	if err != nil {
		return fmt.Errorf("end %d deliveries of a person: %w", len(ids), err)
	}
	return tx.changeDataRequest(ctx, d.ID, `deliveries = deliveries + $3, quiet_at = $4`, tag.RowsAffected(), quiet)
}

// PersonRequests lists the requests that somebody has opened, by number, at most limit.
func (tx *Tx) PersonRequests(ctx context.Context, requester string, limit int) ([]helpdesk.RequestID, error) {
	rows, err := tx.tx.Query(ctx, `
		select request_id from tenant.request where workspace_id = $1 and requester = $2 order by number limit $3`, tx.workspace, requester, limit)
	if err != nil {
		return nil, fmt.Errorf("list requests of a person: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.RequestID])
	if err != nil {
		return nil, fmt.Errorf("list requests of a person: %w", err)
	}
	return ids, nil
}

// DropPersonRequests deletes text and summary of requests of the person of an erasure, and puts the pseudonym in the
// person's place. The keys must be destroyed first: that is the erasure.
func (tx *Tx) DropPersonRequests(ctx context.Context, d helpdesk.DataRequest, ids []helpdesk.RequestID, now time.Time) error {
	texts, err := tx.deleteTexts(ctx, now, ids)
	if err != nil {
		return err
	}
	var requests, summaries int64
	err = tx.tx.QueryRow(ctx, `
		with before as (
		  select request_id, summary is not null as there from tenant.request
		  where workspace_id = @workspace and request_id = any(@ids) and requester = @person for update
		), renamed as (
		  update tenant.request r set requester = @pseudonym, summary = null, example = null from before b
		  where r.workspace_id = @workspace and r.request_id = b.request_id)
		select count(*), count(*) filter (where there) from before`, tx.args(d, pgx.NamedArgs{"ids": ids})).Scan(&requests, &summaries)
	if err != nil {
		return fmt.Errorf("erase %d requests of a person: %w", len(ids), err)
	}
	return tx.changeDataRequest(ctx, d.ID, `requests = requests + $3, texts = texts + $4, summaries = summaries + $5`,
		requests, texts, summaries)
}

// UntoldRequests lists the requests of the person of an erasure whose workflows were not told, by number, at most limit,
// and the number of the last one. [Tx.ToldRequests] remembers how far that went.
func (tx *Tx) UntoldRequests(ctx context.Context, d helpdesk.DataRequest, limit int) (ids []helpdesk.RequestID, last int64, err error) {
	rows, err := tx.tx.Query(ctx, `
		select request_id, number from tenant.request
		where workspace_id = $1 and requester = $2 and number > $3 order by number limit $4`, tx.workspace, d.Pseudonym, d.Signalled, limit)
	if err != nil {
		return nil, 0, fmt.Errorf("list requests of an erased person: %w", err)
	}
	var id helpdesk.RequestID
	if _, err := pgx.ForEachRow(rows, []any{&id, &last}, func() error { ids = append(ids, id); return nil }); err != nil {
		return nil, 0, fmt.Errorf("list requests of an erased person: %w", err)
	}
	return ids, last, nil
}

// ToldRequests notes the number of the last request whose workflow was told.
func (tx *Tx) ToldRequests(ctx context.Context, id helpdesk.DataRequestID, last int64) error {
	return tx.changeDataRequest(ctx, id, `signalled = $3`, last)
}

// LivingOf lists the open requests of the person of an erasure, under their pseudonym, and those that are theirs to answer
// and have not ended, together at most limit.
func (tx *Tx) LivingOf(ctx context.Context, d helpdesk.DataRequest, limit int) (opened, assigned []helpdesk.Request, err error) {
	rows, err := tx.tx.Query(ctx, `
		select request_id from tenant.request
		where workspace_id = @workspace and (requester = @pseudonym and status in ('new', 'in_progress', 'waiting')
		  or assignee = @person and status not in ('closed', 'withdrawn'))
		order by number limit @limit`, tx.args(d, pgx.NamedArgs{"limit": limit}))
	if err != nil {
		return nil, nil, fmt.Errorf("list living requests of a person: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.RequestID])
	if err != nil {
		return nil, nil, fmt.Errorf("list living requests of a person: %w", err)
	}
	for _, id := range ids {
		r, err := tx.Request(ctx, id)
		switch {
		case err != nil:
			return nil, nil, err
		case r.Requester == d.Pseudonym && r.Status.Open():
			opened = append(opened, r)
		default:
			assigned = append(assigned, r)
		}
	}
	return opened, assigned, nil
}

// RenamePerson puts the pseudonym in the place of the person of an erasure, in all rows that stay.
func (tx *Tx) RenamePerson(ctx context.Context, d helpdesk.DataRequest, now time.Time) error {
	var renamed int64
	for _, c := range personColumns {
		if c.erase == "" {
			continue
		}
		tag, err := tx.tx.Exec(ctx, c.erase, tx.args(d, pgx.NamedArgs{"now": now}))
		if err != nil {
			return fmt.Errorf("erase %s.%s in workspace %s: %w", c.Table, c.Column, tx.workspace, err)
		}
		renamed += tag.RowsAffected()
	}
	// What a triage that was under way has written since, under a key that is gone.
	if _, err := tx.tx.Exec(ctx, `
		update tenant.request set summary = null, example = null where workspace_id = $1 and requester = $2 and summary is not null`, tx.workspace, d.Pseudonym); err != nil {
		return fmt.Errorf("erase summaries in workspace %s: %w", tx.workspace, err)
	}
	if renamed == 0 {
		return nil
	}
	return tx.changeDataRequest(ctx, d.ID, `names = names + $3`, renamed)
}

// FinishErasure ends the erasure of a person: its own row holds the pseudonym from here on.
func (tx *Tx) FinishErasure(ctx context.Context, d helpdesk.DataRequest, now time.Time) error {
	return tx.changeDataRequest(ctx, d.ID, `person = pseudonym, step = 'done', outcome = $3, done_at = $4`, helpdesk.DataErased, now)
}
