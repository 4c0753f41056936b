package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// LockLabels loads the taxonomy, for the transaction alone to change.
func (tx *Tx) LockLabels(ctx context.Context) (labels []helpdesk.Label, err error) {
	var raw []byte
	err = tx.tx.QueryRow(ctx, `select settings->'labels' from tenant.workspace where workspace_id = $1 for update`, tx.workspace).Scan(&raw)
	if err != nil {
		return nil, fmt.Errorf("lock labels of workspace %s: %w", tx.workspace, notFound(err))
	}
	if err := json.Unmarshal(raw, &labels); err != nil {
		return nil, fmt.Errorf("lock labels of workspace %s: %w", tx.workspace, err)
	}
	return labels, nil
}

// SetLabels replaces the taxonomy.
func (tx *Tx) SetLabels(ctx context.Context, labels []helpdesk.Label) error {
	raw, err := json.Marshal(labels)
	if err != nil {
		return fmt.Errorf("encode labels of workspace %s: %w", tx.workspace, err)
	}
	tag, err := tx.tx.Exec(ctx, `
		update tenant.workspace set settings = jsonb_set(settings, '{labels}', $2), settings_version = settings_version + 1
		where workspace_id = $1`, tx.workspace, raw)
	if err != nil {
		return fmt.Errorf("set labels of workspace %s: %w", tx.workspace, err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("set labels of workspace %s: %w", tx.workspace, helpdesk.ErrNotFound)
	}
	return nil
}

// CarriedLabels lists the labels that requests carry, those that have ended included.
func (tx *Tx) CarriedLabels(ctx context.Context) ([]string, error) {
	rows, err := tx.tx.Query(ctx, `
		select distinct label from tenant.request where workspace_id = $1 and label <> '' order by label`, tx.workspace)
	if err != nil {
		return nil, fmt.Errorf("list labels of requests of workspace %s: %w", tx.workspace, err)
	}
	labels, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return nil, fmt.Errorf("list labels of requests of workspace %s: %w", tx.workspace, err)
	}
	return labels, nil
}

// Verdicts counts what machines said of the requests opened since, and which labels they have now. Withdrawn ones are left
// out: they were no requests.
func (tx *Tx) Verdicts(ctx context.Context, since time.Time) ([]helpdesk.Verdict, error) {
	rows, err := tx.tx.Query(ctx, `
		select machine_label, machine_by, label, count(*) from tenant.request
		where workspace_id = $1 and opened_at >= $2 and machine_label <> '' and status <> 'withdrawn'
		group by 1, 2, 3 order by 1, 2, 3`, tx.workspace, since)
	if err != nil {
		return nil, fmt.Errorf("count verdicts of workspace %s: %w", tx.workspace, err)
	}
	verdicts, err := pgx.CollectRows(rows, pgx.RowToStructByPos[helpdesk.Verdict])
	if err != nil {
		return nil, fmt.Errorf("count verdicts of workspace %s: %w", tx.workspace, err)
	}
	return verdicts, nil
}
