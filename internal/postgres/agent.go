package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// PutAgent gives user a role. An admin stays an admin when made an agent again.
func (tx *Tx) PutAgent(ctx context.Context, user string, role helpdesk.Role, now time.Time) error {
	_, err := tx.tx.Exec(ctx, `
		insert into tenant.agent (workspace_id, slack_user, role, added_at) values ($1, $2, $3, $4)
		on conflict (workspace_id, slack_user) do update set role = excluded.role
		where tenant.agent.role = 'agent'`, tx.workspace, user, role, now)
	if err != nil {
		return fmt.Errorf("put agent in workspace %s: %w", tx.workspace, err)
	}
	return nil
}

// RemoveAgent takes every role from user. [helpdesk.ErrNotFound] where user has none.
func (tx *Tx) RemoveAgent(ctx context.Context, user string) error {
	tag, err := tx.tx.Exec(ctx, `delete from tenant.agent where workspace_id = $1 and slack_user = $2`, tx.workspace, user)
	if err != nil {
		return fmt.Errorf("remove agent from workspace %s: %w", tx.workspace, err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("remove agent from workspace %s: %w", tx.workspace, helpdesk.ErrNotFound)
	}
	return nil
}

// Agents lists who has a role, admins first.
func (tx *Tx) Agents(ctx context.Context) ([]helpdesk.Agent, error) {
	rows, err := tx.tx.Query(ctx, `
		select slack_user, role from tenant.agent where workspace_id = $1 order by role, slack_user`, tx.workspace)
	if err != nil {
		return nil, fmt.Errorf("list agents of workspace %s: %w", tx.workspace, err)
	}
	agents, err := pgx.CollectRows(rows, pgx.RowToStructByPos[helpdesk.Agent])
	if err != nil {
		return nil, fmt.Errorf("list agents of workspace %s: %w", tx.workspace, err)
	}
	return agents, nil
}
