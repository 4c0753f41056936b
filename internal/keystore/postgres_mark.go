package keystore

import (
	"context"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func (p *postgresRows) mark(ctx context.Context) (m helpdesk.Mark, err error) {
	err = p.pool.QueryRow(ctx, `select keystore_id::text, number from keystore.mark`).Scan(&m.Keystore, &m.Number)
	return m, err
}

func (p *postgresRows) raiseMark(ctx context.Context, number int64) error {
	_, err := p.pool.Exec(ctx, `update keystore.mark set number = $1 where number < $1`, number)
	return err
}

func (p *postgresRows) tombstones(ctx context.Context, after helpdesk.WorkspaceID, limit int) ([]helpdesk.Tombstone, error) {
	rows, err := p.pool.Query(ctx, `
		select workspace_id, destroyed_at from keystore.tombstone where workspace_id > $1 order by workspace_id limit $2`, after, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[helpdesk.Tombstone])
}

func (p *postgresRows) keysLeft(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID) ([]Left, error) {
	rows, err := p.pool.Query(ctx, `
		select request_id, text_key is not null, summary_key is not null
		from keystore.request_key where workspace_id = $1 and request_id = any($2)`, ws, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowToStructByPos[Left])
}

func (p *postgresRows) inboxKeysLeft(ctx context.Context, ids []helpdesk.InboxID) ([]helpdesk.InboxID, error) {
	rows, err := p.pool.Query(ctx, `select inbox_id from keystore.inbox_key where inbox_id = any($1)`, ids)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[helpdesk.InboxID])
}
