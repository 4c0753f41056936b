package keystore

import (
	"context"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func (p *postgresRows) putWorkspace(ctx context.Context, id helpdesk.WorkspaceID, w workspaceRow) error {
	_, err := p.pool.Exec(ctx, `
		insert into keystore.workspace_key (workspace_id, version, wrapped, field_key) values ($1, $2, $3, $4) on conflict do nothing`,
		id, w.version, w.wrapped, w.field)
	return err
}

func (p *postgresRows) workspace(ctx context.Context, id helpdesk.WorkspaceID) (w workspaceRow, err error) {
	err = p.pool.QueryRow(ctx, `
		select version, wrapped, before, field_key, created_at from keystore.workspace_key
		where workspace_id = $1 and wrapped is not null`, id).Scan(&w.version, &w.wrapped, &w.before, &w.field, &w.since)
	return w, erased(err)
}

func (p *postgresRows) swapWorkspace(ctx context.Context, id helpdesk.WorkspaceID, from, to workspaceRow) (bool, error) {
	tag, err := p.pool.Exec(ctx, `
		update keystore.workspace_key
		set version = $5, wrapped = $6, before = $7, field_key = $8, created_at = case when version = $5 then created_at else now() end
		where workspace_id = $1 and version = $2 and wrapped = $3 and before is not distinct from $4`,
		id, from.version, from.wrapped, from.before, to.version, to.wrapped, to.before, to.field)
	return tag.RowsAffected() == 1, err
}

func (p *postgresRows) condemn(ctx context.Context, id helpdesk.WorkspaceID) error {
	_, err := p.pool.Exec(ctx, `
		with condemned as (
		  update keystore.workspace_key set wrapped = null, before = null, field_key = null where workspace_id = $1 returning workspace_id)
		insert into keystore.tombstone (workspace_id) select workspace_id from condemned on conflict do nothing`, id)
	return err
}

// destroyBatch is how many request keys one transaction deletes.
const destroyBatch = 20_000

// By key, so that a row that a rotation is changing is found in its new place.
func (p *postgresRows) deleteRequests(ctx context.Context, id helpdesk.WorkspaceID) (deleted int64, more bool, err error) {
	err = p.pool.QueryRow(ctx, `
		with listed as materialized (
		  select request_id from keystore.request_key where workspace_id = $1 limit $2
		), gone as (
		  delete from keystore.request_key r using listed where workspace_id = $1 and r.request_id = listed.request_id returning 1
		)
		select (select count(*) from gone), exists (select from listed)`, id, destroyBatch).Scan(&deleted, &more)
	return deleted, more, err
}

func (p *postgresRows) deleteWorkspace(ctx context.Context, id helpdesk.WorkspaceID) (int64, error) {
	tag, err := p.pool.Exec(ctx, `delete from keystore.workspace_key where workspace_id = $1`, id)
	return tag.RowsAffected(), err
}

func (p *postgresRows) census(ctx context.Context, id helpdesk.WorkspaceID) (n int64, err error) {
	err = p.pool.QueryRow(ctx, `
		select (select count(*) from keystore.workspace_key where workspace_id = $1)
		     + (select count(*) from keystore.request_key where workspace_id = $1)`, id).Scan(&n)
	return n, err
}
