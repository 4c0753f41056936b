package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// The queries of this file see more than one workspace. Each has its reason:
//
//   - system.installation: an event names a Slack team; which workspace that is must be known before one can be entered;
//   - system.oauth_state: an install begins before there is a workspace;
//   - system.inbox: deliveries of all workspaces wait in one line. A row holds ids and times; text only sealed.

// Installed returns the workspace that a Slack team means today. [helpdesk.ErrNotInstalled] where it means none.
func (s *Store) Installed(ctx context.Context, team string) (helpdesk.WorkspaceID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var id helpdesk.WorkspaceID
	err := s.pool.QueryRow(ctx, `
		select workspace_id from system.installation where team = $1 and state = 'active'`, team).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return id, helpdesk.ErrNotInstalled
	}
	if err != nil {
		return id, fmt.Errorf("find installation: %w", err)
	}
	return id, nil
}

// Workspaces lists the living workspaces after the given one, in id order, at most limit.
func (s *Store) Workspaces(ctx context.Context, after helpdesk.WorkspaceID, limit int) ([]helpdesk.WorkspaceID, error) {
	return s.workspaces(ctx, `state = 'active'`, after, limit)
}

// Kept lists the living workspaces and those in their grace, as [Store.Workspaces] does: texts die on time in both.
func (s *Store) Kept(ctx context.Context, after helpdesk.WorkspaceID, limit int) ([]helpdesk.WorkspaceID, error) {
	return s.workspaces(ctx, `not exists (
		select from system.purge p where p.workspace_id = installation.workspace_id and committed_at is not null)`, after, limit)
}

func (s *Store) workspaces(ctx context.Context, which string, after helpdesk.WorkspaceID, limit int) ([]helpdesk.WorkspaceID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, `
		select workspace_id from system.installation where `+which+` and workspace_id > $1 order by workspace_id limit $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.WorkspaceID])
	if err != nil {
		return nil, fmt.Errorf("list workspaces: %w", err)
	}
	return ids, nil
}

// Point makes team mean the transaction's workspace. It reports false, changing nothing, where the team already
// has a living workspace: another install was faster.
func (tx *Tx) Point(ctx context.Context, team string, authorizedAt time.Time) (bool, error) {
	tag, err := tx.tx.Exec(ctx, `
		insert into system.installation (team, workspace_id, state, authorized_at) values ($1, $2, 'active', $3)
		on conflict (team) do update
		set workspace_id = excluded.workspace_id, state = 'active', authorized_at = excluded.authorized_at
		where system.installation.state <> 'active' or system.installation.workspace_id = excluded.workspace_id`,
		team, tx.workspace, authorizedAt)
	if err != nil {
		return false, fmt.Errorf("point team to workspace %s: %w", tx.workspace, err)
	}
	return tag.RowsAffected() == 1, nil
}

// unpoint ends the installation of the transaction's workspace, unless it was authorised after at. It reports
// whether it did.
func (tx *Tx) unpoint(ctx context.Context, at time.Time) (bool, error) {
	tag, err := tx.tx.Exec(ctx, `
		update system.installation set state = 'uninstalled'
		where workspace_id = $1 and state = 'active' and authorized_at < $2`, tx.workspace, at)
	if err != nil {
		return false, fmt.Errorf("end installation of workspace %s: %w", tx.workspace, err)
	}
	return tag.RowsAffected() == 1, nil
}

// PutOAuthState remembers the hash of a state until expires, and forgets those that have expired at now.
func (s *Store) PutOAuthState(ctx context.Context, hash [32]byte, now, expires time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := s.pool.Exec(ctx, `
		with old as (delete from system.oauth_state where expires_at < $2)
		insert into system.oauth_state (hash, expires_at) values ($1, $3)`, hash[:], now, expires)
	if err != nil {
		return fmt.Errorf("store oauth state: %w", err)
	}
	return nil
}

// TakeOAuthState uses up a state. [helpdesk.ErrNotFound] where it is unknown, used or expired at now.
func (s *Store) TakeOAuthState(ctx context.Context, hash [32]byte, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tag, err := s.pool.Exec(ctx, `delete from system.oauth_state where hash = $1 and expires_at >= $2`, hash[:], now)
	if err != nil {
		return fmt.Errorf("take oauth state: %w", err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("take oauth state: %w", helpdesk.ErrNotFound)
	}
	return nil
}

// Delivery is one row of the inbox.
type Delivery struct {
	ID         helpdesk.InboxID
	DeliveryID string // Slack's event_id or trigger_id: the same delivery twice is one row
	Workspace  helpdesk.WorkspaceID
	Kind       string
	Refs       []byte // JSON: ids, enums and times
	Sealed     []byte // what a person wrote; nil where nobody wrote anything
	ReceivedAt time.Time
	Attempts   int
}

func (d Delivery) ad() seal.AD {
	return seal.AD{Workspace: d.Workspace.String(), Table: "inbox", Column: "sealed", Row: d.ID.String()}
}

// Seal sets what a person wrote.
func (d *Delivery) Seal(text []byte, key seal.Key) { d.Sealed = key.Seal(text, d.ad()) }

// Open reads what a person wrote.
func (d *Delivery) Open(key seal.Key) ([]byte, error) {
	text, err := key.Open(d.Sealed, d.ad())
	if err != nil {
		return nil, fmt.Errorf("open delivery %s: %w", d.ID, err)
	}
	return text, nil
}

// PutDelivery stores a delivery; it reports false where the same one is already stored. One without a workspace
// is kept for the operator, and nobody claims it.
func (s *Store) PutDelivery(ctx context.Context, d Delivery) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var workspace *helpdesk.WorkspaceID
	if !d.Workspace.IsZero() {
		workspace = &d.Workspace
	}
	tag, err := s.pool.Exec(ctx, `
		insert into system.inbox (inbox_id, delivery_id, workspace_id, kind, refs, sealed, received_at, next_at, done_at)
		values ($1, $2, $3, $4, $5, $6, $7::timestamptz, $7, case when $3::uuid is null then $7::timestamptz end)
		on conflict (delivery_id) do nothing`,
		d.ID, d.DeliveryID, workspace, d.Kind, d.Refs, d.Sealed, d.ReceivedAt)
	if err != nil {
		return false, fmt.Errorf("store delivery %s: %w", d.ID, err)
	}
	return tag.RowsAffected() == 1, nil
}

// besides is how many deliveries others may be claiming at the same time, of the same workspace: so many more are looked at.
const besides = 64

// ClaimDeliveries leases up to limit deliveries that are due at now to the caller until the lease ends. Two
// callers never get the same one; one that is not finished in time comes back. Workspaces take turns, beginning with the one
// behind after: the first delivery of each goes before the second of any, however many one of them has waiting. The last
// delivery returned is of the workspace that after should be the next time.
func (s *Store) ClaimDeliveries(ctx context.Context, now time.Time, lease time.Duration, after helpdesk.WorkspaceID, limit int) ([]Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, `
		with recursive waiting as ( -- the workspaces, one step through the index each
		  (select workspace_id from system.inbox where done_at is null order by workspace_id limit 1)
		  union all
		  select (select workspace_id from system.inbox where done_at is null and workspace_id > w.workspace_id order by workspace_id limit 1)
		  from waiting w where w.workspace_id is not null),
		due as (
		  select i.inbox_id, i.next_at, w.workspace_id, row_number() over (partition by w.workspace_id order by i.next_at) as turn
		  from waiting w, lateral (
		    select inbox_id, next_at from system.inbox
		    where workspace_id = w.workspace_id and done_at is null and next_at <= $1 order by next_at limit $4) i),
		claimed as (
		  update system.inbox set attempts = attempts + 1, next_at = $2
		  where inbox_id in (
		    select i.inbox_id from due join system.inbox i using (inbox_id)
		    where i.done_at is null and i.next_at <= $1
		    order by due.turn, due.workspace_id <= $5, due.workspace_id limit $3 for update of i skip locked)
		  returning inbox_id, delivery_id, workspace_id, kind, refs, sealed, received_at, attempts)
		select * from claimed order by workspace_id <= $5, workspace_id, received_at`,
		now, now.Add(lease), limit, limit+besides, after)
	if err != nil {
		return nil, fmt.Errorf("claim deliveries: %w", err)
	}
	out, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Delivery])
	if err != nil {
		return nil, fmt.Errorf("claim deliveries: %w", err)
	}
	return out, nil
}

// DeferDelivery gives a claimed delivery back until at.
func (s *Store) DeferDelivery(ctx context.Context, id helpdesk.InboxID, at time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if _, err := s.pool.Exec(ctx, `update system.inbox set next_at = $2 where inbox_id = $1 and done_at is null`, id, at); err != nil {
		return fmt.Errorf("defer delivery %s: %w", id, err)
	}
	return nil
}

// FinishDelivery marks a delivery done and drops what it carried; its delivery id stays as a memory.
func (s *Store) FinishDelivery(ctx context.Context, id helpdesk.InboxID, outcome string, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := s.pool.Exec(ctx, `
		update system.inbox set done_at = $3, outcome = $2, refs = null, sealed = null where inbox_id = $1`,
		id, outcome, now)
	if err != nil {
		return fmt.Errorf("finish delivery %s: %w", id, err)
	}
	return nil
}

// ExpireDeliveries ends deliveries with a body that have waited since before the given time without being handed over, at
// most limit: a body must not outlive the shortest retention. It returns their ids; their keys must go next.
func (s *Store) ExpireDeliveries(ctx context.Context, before, now time.Time, limit int) ([]helpdesk.InboxID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, `
		update system.inbox set done_at = coalesce(done_at, $2), outcome = 'expired', refs = null, sealed = null
		where inbox_id in (select inbox_id from system.inbox where sealed is not null and received_at < $1 limit $3)
		returning inbox_id`, before, now, limit)
	if err != nil {
		return nil, fmt.Errorf("expire deliveries: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.InboxID])
	if err != nil {
		return nil, fmt.Errorf("expire deliveries: %w", err)
	}
	return ids, nil
}

// Bodiless tells which of some ids are no deliveries with a body.
func (s *Store) Bodiless(ctx context.Context, ids []helpdesk.InboxID) ([]helpdesk.InboxID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, `
		select id from unnest($1::uuid[]) as t(id)
		where not exists (select from system.inbox i where i.inbox_id = t.id and i.sealed is not null)`, ids)
	if err != nil {
		return nil, fmt.Errorf("look for %d deliveries: %w", len(ids), err)
	}
	bodiless, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.InboxID])
	if err != nil {
		return nil, fmt.Errorf("look for %d deliveries: %w", len(ids), err)
	}
	return bodiless, nil
}

// ForgetDeliveries deletes up to limit deliveries that were done before the given time, and returns their ids so
// that keys left over can go too.
func (s *Store) ForgetDeliveries(ctx context.Context, before time.Time, limit int) ([]helpdesk.InboxID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, `
		delete from system.inbox where inbox_id in (
		  select inbox_id from system.inbox where done_at < $1 limit $2)
		returning inbox_id`, before, limit)
	if err != nil {
		return nil, fmt.Errorf("forget deliveries: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.InboxID])
	if err != nil {
		return nil, fmt.Errorf("forget deliveries: %w", err)
	}
	return ids, nil
}

// Backlog is the state of the inbox.
type Backlog struct {
	Waiting int64
	Oldest  time.Duration // age of the oldest one waiting; zero where none waits
}

// Backlog counts what waits in the inbox at now.
func (s *Store) Backlog(ctx context.Context, now time.Time) (Backlog, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var b Backlog
	var oldest *time.Time
	err := s.pool.QueryRow(ctx, `
		select count(*), min(received_at) from system.inbox where done_at is null`).
		Scan(&b.Waiting, &oldest)
	if err != nil {
		return b, fmt.Errorf("measure inbox: %w", err)
	}
	if oldest != nil {
		b.Oldest = now.Sub(*oldest)
	}
	return b, nil
}
