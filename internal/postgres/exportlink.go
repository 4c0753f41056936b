package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// PutExportLink stores the hash of a link's token.
func (tx *Tx) PutExportLink(ctx context.Context, hash [32]byte, id helpdesk.DataRequestID, expires time.Time) error {
	_, err := tx.tx.Exec(ctx, `
		insert into system.export_link (hash, workspace_id, data_request_id, expires_at) values ($1, $2, $3, $4)`, hash[:], tx.workspace, id, expires)
	if err != nil {
		return fmt.Errorf("store link of data request %s: %w", id, err)
	}
	return nil
}

// DropExportLink forgets the link of a data request, where it has one.
func (tx *Tx) DropExportLink(ctx context.Context, id helpdesk.DataRequestID) error {
	if _, err := tx.tx.Exec(ctx, `
		delete from system.export_link where workspace_id = $1 and data_request_id = $2`, tx.workspace, id); err != nil {
		return fmt.Errorf("drop link of data request %s: %w", id, err)
	}
	return nil
}

// ExportLinked reports whether a link works at now. It sees all workspaces: a link names none.
func (s *Store) ExportLinked(ctx context.Context, hash [32]byte, now time.Time) (works bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = s.pool.QueryRow(ctx, `
		select exists (select from system.export_link where hash = $1 and expires_at >= $2)`, hash[:], now).Scan(&works)
	if err != nil {
		return false, fmt.Errorf("look for export link: %w", err)
	}
	return works, nil
}

// TakeExportLink uses up a link and says what it leads to; of two at once one gets it. [helpdesk.ErrNotFound] where it is
// unknown, used or expired at now. It sees all workspaces: a link names none.
func (s *Store) TakeExportLink(ctx context.Context, hash [32]byte, now time.Time) (id helpdesk.WorkspaceID, request helpdesk.DataRequestID, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = s.pool.QueryRow(ctx, `
		delete from system.export_link where hash = $1 and expires_at >= $2 returning workspace_id, data_request_id`, hash[:], now).
		Scan(&id, &request)
	if err != nil {
		return id, request, fmt.Errorf("take export link: %w", notFound(err))
	}
	return id, request, nil
}
