package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Audit appends to the workspace's audit log, in the transaction that makes the change.
func (tx *Tx) Audit(ctx context.Context, e helpdesk.AuditEntry) error {
	_, err := tx.tx.Exec(ctx, `
		insert into tenant.audit (workspace_id, audit_id, at, actor, action, object, before, after)
		values ($1, $2, $3, $4, $5, $6, $7, $8)`,
		tx.workspace, helpdesk.NewAuditID(e.At), e.At, e.Actor, e.Action, e.Object, e.Before, e.After)
	if err != nil {
		return fmt.Errorf("append to audit log of workspace %s: %w", tx.workspace, err)
	}
	return nil
}

// AuditLog calls f for each entry of the workspace's audit log, the oldest first.
func (tx *Tx) AuditLog(ctx context.Context, f func(helpdesk.AuditEntry) error) error {
	rows, err := tx.tx.Query(ctx, `
		select at, actor, action, object, before, after from tenant.audit where workspace_id = $1 order by at, audit_id`, tx.workspace)
	if err != nil {
		return fmt.Errorf("read audit log of workspace %s: %w", tx.workspace, err)
	}
	var e helpdesk.AuditEntry
	if _, err := pgx.ForEachRow(rows, []any{&e.At, &e.Actor, &e.Action, &e.Object, &e.Before, &e.After}, func() error { return f(e) }); err != nil {
		return fmt.Errorf("read audit log of workspace %s: %w", tx.workspace, err)
	}
	return nil
}
