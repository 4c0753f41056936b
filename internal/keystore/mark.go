package keystore

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Mark says which key store this is and how far the main database is known to have come.
func (s *Store) Mark(ctx context.Context) (m helpdesk.Mark, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = s.pool.QueryRow(ctx, `select keystore_id::text, number from keystore.mark`).Scan(&m.Keystore, &m.Number)
	if err != nil {
		return m, fmt.Errorf("load mark of key store: %w", err)
	}
	return m, nil
}

// RaiseMark notes that the main database has reached a mark. It never goes back.
func (s *Store) RaiseMark(ctx context.Context, number int64) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if _, err := s.pool.Exec(ctx, `update keystore.mark set number = $1 where number < $1`, number); err != nil {
		return fmt.Errorf("raise mark of key store: %w", err)
	}
	return nil
}

// Tombstones lists the workspaces whose keys were destroyed, after an id and in id order, at most limit.
func (s *Store) Tombstones(ctx context.Context, after helpdesk.WorkspaceID, limit int) ([]helpdesk.Tombstone, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, `
		select workspace_id, destroyed_at from keystore.tombstone where workspace_id > $1 order by workspace_id limit $2`, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list tombstones: %w", err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[helpdesk.Tombstone])
	if err != nil {
		return nil, fmt.Errorf("list tombstones: %w", err)
	}
	return found, nil
}

// Left is which keys of a request are left.
type Left struct {
	Request       helpdesk.RequestID
	Text, Summary bool
}

// KeysLeft tells which keys some requests of a workspace have left; one without any is absent. It opens none, and so asks no
// key wrapper.
func (s *Store) KeysLeft(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID) (map[helpdesk.RequestID]Left, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, `
		select request_id, text_key is not null, summary_key is not null
		from keystore.request_key where workspace_id = $1 and request_id = any($2)`, ws, ids)
	if err != nil {
		return nil, fmt.Errorf("look for keys of %d requests: %w", len(ids), err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Left])
	if err != nil {
		return nil, fmt.Errorf("look for keys of %d requests: %w", len(ids), err)
	}
	left := make(map[helpdesk.RequestID]Left, len(found))
	for _, l := range found {
		left[l.Request] = l
	}
	return left, nil
}

// InboxKeysLeft tells which of some deliveries have their key.
func (s *Store) InboxKeysLeft(ctx context.Context, ids []helpdesk.InboxID) ([]helpdesk.InboxID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, `select inbox_id from keystore.inbox_key where inbox_id = any($1)`, ids)
	if err != nil {
		return nil, fmt.Errorf("look for keys of %d deliveries: %w", len(ids), err)
	}
	left, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.InboxID])
	if err != nil {
		return nil, fmt.Errorf("look for keys of %d deliveries: %w", len(ids), err)
	}
	return left, nil
}
