package postgres

import (
	"context"
	"errors"
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

// HoldRole is [Tx.Role], and nobody takes it away before the transaction ends.
func (tx *Tx) HoldRole(ctx context.Context, user string) (role helpdesk.Role, err error) {
	err = tx.tx.QueryRow(ctx, `
		select role from tenant.agent where workspace_id = $1 and slack_user = $2 for key share`, tx.workspace, user).Scan(&role)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return "", fmt.Errorf("hold role: %w", err)
	}
	return role, nil
}

// routesTo finds the workspace with a label that routes to @person, and unroute has those route to nobody.
const (
	routesTo = `settings @> jsonb_build_object('labels', jsonb_build_array(jsonb_build_object('agent', @person::text)))`
	unroute  = `
		update tenant.workspace set settings_version = settings_version + 1, settings = jsonb_set(settings, '{labels}', (
		  select jsonb_agg(case when l->>'agent' = @person then l - 'agent' else l end order by n)
		  from jsonb_array_elements(settings->'labels') with ordinality as t(l, n)))
		where workspace_id = @workspace and ` + routesTo
)

// RemoveAgent takes every role from user, and the labels that route to them. [helpdesk.ErrNotFound] where user has no role.
func (tx *Tx) RemoveAgent(ctx context.Context, user string) error {
	tag, err := tx.tx.Exec(ctx, `delete from tenant.agent where workspace_id = $1 and slack_user = $2`, tx.workspace, user)
	if err != nil {
		return fmt.Errorf("remove agent from workspace %s: %w", tx.workspace, err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("remove agent from workspace %s: %w", tx.workspace, helpdesk.ErrNotFound)
	}
	if _, err := tx.tx.Exec(ctx, unroute, pgx.NamedArgs{"workspace": tx.workspace, "person": user}); err != nil {
		return fmt.Errorf("take labels from an agent of workspace %s: %w", tx.workspace, err)
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
