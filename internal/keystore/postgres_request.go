package keystore

import (
	"context"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// The share lock makes a purge's commit point, and a new version of the key, and this wait for each other: a plain reference
// to the row would not, because neither changes its key columns.
func (p *postgresRows) putRequest(ctx context.Context, ws helpdesk.WorkspaceID, r requestRow) (stored bool, err error) {
	err = p.pool.QueryRow(ctx, `
		with living as materialized (
		  select workspace_id, version from keystore.workspace_key
		  where workspace_id = $1 and version = $3 and wrapped is not null for share
		), added as (
		  insert into keystore.request_key (workspace_id, version, request_id, text_key, summary_key)
		  select workspace_id, version, $2, $4, $5 from living on conflict do nothing
		)
		select exists (select from living)`, ws, r.id, r.version, r.text, r.summary).Scan(&stored)
	return stored, erased(err)
}

// One statement sees one instant: a version that goes, and the keys that were under it, are there together.
func (p *postgresRows) requests(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID) (found []requestRow, w workspaceRow, err error) {
	rows, err := p.pool.Query(ctx, `
		select w.version, w.wrapped, w.before, r.request_id, coalesce(r.version, 0), r.text_key, r.summary_key
		from keystore.workspace_key w left join keystore.request_key r on r.workspace_id = $1 and r.request_id = any($2)
		where w.workspace_id = $1 and w.wrapped is not null`, ws, ids)
	if err != nil {
		return nil, w, err
	}
	defer rows.Close()
	living := false
	for rows.Next() {
		var id *helpdesk.RequestID
		var r requestRow
		if err := rows.Scan(&w.version, &w.wrapped, &w.before, &id, &r.version, &r.text, &r.summary); err != nil {
			return nil, w, err
		}
		living = true
		if id != nil {
			r.id = *id
			found = append(found, r)
		}
	}
	if err = rows.Err(); err == nil && !living {
		err = helpdesk.ErrErased
	}
	return found, w, err
}

func (p *postgresRows) destroy(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID, text, summary bool) error {
	var batch pgx.Batch // one transaction
	batch.Queue(`
		update keystore.request_key
		set text_key = case when $3 then null else text_key end,
		    summary_key = case when $4 then null else summary_key end
		where workspace_id = $1 and request_id = any($2)`, ws, ids, text, summary)
	batch.Queue(`
		delete from keystore.request_key
		where workspace_id = $1 and request_id = any($2) and text_key is null and summary_key is null`, ws, ids)
	return p.pool.SendBatch(ctx, &batch).Close()
}

func (p *postgresRows) oldRequests(ctx context.Context, ws helpdesk.WorkspaceID, before time.Time, after helpdesk.RequestID, limit int) ([]helpdesk.RequestID, error) {
	rows, err := p.pool.Query(ctx, `
		select request_id from keystore.request_key
		where workspace_id = $1 and request_id > $2 and created_at < $3 order by request_id limit $4`, ws, after, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[helpdesk.RequestID])
}

func (p *postgresRows) outdated(ctx context.Context, ws helpdesk.WorkspaceID, version int64, after helpdesk.RequestID, limit int) ([]requestRow, error) {
	rows, err := p.pool.Query(ctx, `
		select request_id, version, text_key, summary_key from keystore.request_key
		where workspace_id = $1 and version < $2 and request_id > $3 order by request_id limit $4`, ws, version, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(row pgx.CollectableRow) (r requestRow, err error) {
		err = row.Scan(&r.id, &r.version, &r.text, &r.summary)
		return r, err
	})
}

// A row that somebody has locked is passed over, so that this waits for nobody and no deadlock comes of it; one that has
// changed since it was read is, too: what was destroyed stays so.
func (p *postgresRows) swapRequests(ctx context.Context, ws helpdesk.WorkspaceID, from, to []requestRow) error {
	var ids []helpdesk.RequestID
	var version []int64
	var texts, summaries, newTexts, newSummaries [][]byte
	for i, r := range from {
		ids, version = append(ids, r.id), append(version, r.version)
		texts, summaries = append(texts, r.text), append(summaries, r.summary)
		newTexts, newSummaries = append(newTexts, to[i].text), append(newSummaries, to[i].summary)
	}
	_, err := p.pool.Exec(ctx, `
		with free as materialized (
		  select request_id from keystore.request_key where workspace_id = $1 and request_id = any($2) for update skip locked
		)
		update keystore.request_key r
		set version = $8, text_key = n.new_text, summary_key = n.new_summary
		from free, unnest($2::uuid[], $3::bigint[], $4::bytea[], $5::bytea[], $6::bytea[], $7::bytea[])
		  as n(request_id, version, text, summary, new_text, new_summary)
		where r.workspace_id = $1 and r.request_id = free.request_id and n.request_id = r.request_id and r.version = n.version
		  and r.text_key is not distinct from n.text and r.summary_key is not distinct from n.summary`,
		ws, ids, version, texts, summaries, newTexts, newSummaries, to[0].version)
	return err
}

func (p *postgresRows) count(ctx context.Context, ws helpdesk.WorkspaceID, version int64) (all, older int64, err error) {
	err = p.pool.QueryRow(ctx, `
		select count(*), count(*) filter (where version < $2) from keystore.request_key where workspace_id = $1`, ws, version).Scan(&all, &older)
	return all, older, err
}
