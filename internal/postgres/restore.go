package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// What a reconciliation after a restore asks for and does. Those of its queries that see more than one workspace tell which
// workspaces and deliveries a backup holds.

// Present lists the workspaces that have anything here, living or being destroyed, after an id and in id order, at most limit.
func (s *Store) Present(ctx context.Context, after helpdesk.WorkspaceID, limit int) ([]helpdesk.WorkspaceID, error) {
	return s.ids(ctx, "list workspaces", `
		select workspace_id from (
		  select workspace_id from system.installation
		  union select workspace_id from system.purge where done_at is null and restored_at is null) p
		where workspace_id > $1 order by workspace_id limit $2`, after, limit)
}

// Resurrected tells which of some destroyed workspaces are here as if they had not been.
func (s *Store) Resurrected(ctx context.Context, destroyed []helpdesk.WorkspaceID) ([]helpdesk.WorkspaceID, error) {
	return s.ids(ctx, "look for destroyed workspaces", `
		select id from unnest($1::uuid[]) as t(id)
		where (exists (select from system.installation where workspace_id = t.id)
		    or exists (select from system.purge where workspace_id = t.id and restored_at is null))
		  and not exists (select from system.purge where workspace_id = t.id and committed_at is not null)`, destroyed)
}

func (s *Store) ids(ctx context.Context, what, sql string, args ...any) ([]helpdesk.WorkspaceID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.WorkspaceID])
	if err != nil {
		return nil, fmt.Errorf("%s: %w", what, err)
	}
	return ids, nil
}

// Bodies lists deliveries that carry text, after an id and in id order, at most limit.
func (s *Store) Bodies(ctx context.Context, after helpdesk.InboxID, limit int) ([]Delivery, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, `
		select inbox_id, delivery_id, coalesce(workspace_id, '00000000-0000-0000-0000-000000000000'), kind, refs, sealed, received_at, attempts
		from system.inbox where sealed is not null and inbox_id > $1 order by inbox_id limit $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list bodies: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Delivery])
	if err != nil {
		return nil, fmt.Errorf("list bodies: %w", err)
	}
	return found, nil
}

// EndDeliveries ends deliveries whose key is gone and drops what they carried; their delivery ids stay as a memory.
func (s *Store) EndDeliveries(ctx context.Context, ids []helpdesk.InboxID, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := s.pool.Exec(ctx, `
		update system.inbox set done_at = coalesce(done_at, $2), outcome = 'erased', refs = null, sealed = null where inbox_id = any($1)`, ids, now)
	if err != nil {
		return fmt.Errorf("end %d deliveries: %w", len(ids), err)
	}
	return nil
}

// DropLinks deletes the links to exports, of all workspaces: one that was used since the backup must not work again.
func (s *Store) DropLinks(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if _, err := s.pool.Exec(ctx, `delete from system.export_link`); err != nil {
		return fmt.Errorf("drop links to exports: %w", err)
	}
	return nil
}

// Sealed says what a request has sealed.
type Sealed struct {
	Request       helpdesk.RequestID
	Text, Summary bool
}

const sealedColumns = `r.request_id, t.request_id is not null, r.summary is not null
	from tenant.request r left join tenant.request_text t using (workspace_id, request_id)`

// Sealed lists the requests that have something sealed, after an id and in id order, at most limit.
func (tx *Tx) Sealed(ctx context.Context, after helpdesk.RequestID, limit int) ([]Sealed, error) {
	return tx.sealed(ctx, `
		select `+sealedColumns+`
		where r.workspace_id = $1 and r.request_id > $2 and (t.request_id is not null or r.summary is not null)
		order by r.request_id limit $3`, tx.workspace, after, limit)
}

// SealedOf says what some requests have sealed; those that are no requests of the workspace are left out.
func (tx *Tx) SealedOf(ctx context.Context, ids []helpdesk.RequestID) ([]Sealed, error) {
	return tx.sealed(ctx, `select `+sealedColumns+` where r.workspace_id = $1 and r.request_id = any($2)`, tx.workspace, ids)
}

func (tx *Tx) sealed(ctx context.Context, sql string, args ...any) ([]Sealed, error) {
	rows, err := tx.tx.Query(ctx, sql, args...)
	if err != nil {
		return nil, fmt.Errorf("list what is sealed in workspace %s: %w", tx.workspace, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Sealed])
	if err != nil {
		return nil, fmt.Errorf("list what is sealed in workspace %s: %w", tx.workspace, err)
	}
	return found, nil
}

// EraseAgain deletes texts and summaries that a restored backup had brought back, and records them as one erasure. Their
// keys must be gone. Harmless when repeated.
func (tx *Tx) EraseAgain(ctx context.Context, at time.Time, texts, summaries []helpdesk.RequestID) error {
	deleted, err := tx.deleteTexts(ctx, at, texts)
	if err != nil {
		return err
	}
	tag, err := tx.tx.Exec(ctx, `
		update tenant.request set summary = null, example = null where workspace_id = $1 and request_id = any($2) and summary is not null`, tx.workspace, summaries)
	if err != nil {
		return fmt.Errorf("delete summaries of %d requests: %w", len(summaries), err)
	}
	if deleted+tag.RowsAffected() == 0 {
		return nil
	}
	added, err := tx.tx.Exec(ctx, `
		update tenant.erasure set texts = texts + $2, summaries = summaries + $3, ended_at = greatest(ended_at, $4)
		where workspace_id = $1 and scope = $5 and certified_at is null`,
		tx.workspace, deleted, tag.RowsAffected(), at, helpdesk.ScopeRestore)
	if err != nil {
		return fmt.Errorf("record erasure in workspace %s: %w", tx.workspace, err)
	}
	if added.RowsAffected() > 0 {
		return nil
	}
	return tx.recordErasure(ctx, helpdesk.ScopeRestore, at, deleted, tag.RowsAffected())
}

// Unended lists requests that are neither closed nor withdrawn, after an id and in id order, at most limit.
func (tx *Tx) Unended(ctx context.Context, after helpdesk.RequestID, limit int) ([]helpdesk.RequestID, error) {
	rows, err := tx.tx.Query(ctx, `
		select request_id from tenant.request
		where workspace_id = $1 and request_id > $2 and status not in ('closed', 'withdrawn') order by request_id limit $3`,
		tx.workspace, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list requests of workspace %s: %w", tx.workspace, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.RequestID])
	if err != nil {
		return nil, fmt.Errorf("list requests of workspace %s: %w", tx.workspace, err)
	}
	return ids, nil
}

// Condemn makes the purge of a workspace final whose keys were destroyed at the given time: the one under way, else a new
// one, which begins now. The token goes.
func (tx *Tx) Condemn(ctx context.Context, keysAt, now time.Time) error {
	_, err := tx.tx.Exec(ctx, `
		with w as (update tenant.workspace set token = null where workspace_id = $1 returning certificate_id)
		insert into system.purge (workspace_id, number, cause, certificate_id, uninstalled_at, grace_until, touched_at, token_at)
		select $1, (select count(*) + 1 from system.purge where workspace_id = $1), $2, certificate_id, $3, $3, $3, $3 from w
		where not exists (select from system.purge where workspace_id = $1 and done_at is null and restored_at is null)`,
		tx.workspace, helpdesk.PurgeReplayed, now)
	if err != nil {
		return fmt.Errorf("begin purge of workspace %s: %w", tx.workspace, err)
	}
	_, err = tx.tx.Exec(ctx, `
		update system.purge set touched_at = $2, committed_at = coalesce(committed_at, $2), keys_at = coalesce(keys_at, $3)
		where workspace_id = $1 and done_at is null and restored_at is null`, tx.workspace, now, keysAt)
	if err != nil {
		return fmt.Errorf("commit purge of workspace %s: %w", tx.workspace, err)
	}
	return nil
}

// DropToken deletes a token that nobody can open any more.
func (tx *Tx) DropToken(ctx context.Context) error {
	if _, err := tx.tx.Exec(ctx, `update tenant.workspace set token = null where workspace_id = $1`, tx.workspace); err != nil {
		return fmt.Errorf("drop token of workspace %s: %w", tx.workspace, err)
	}
	return nil
}
