package postgres

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// Workspace loads the workspace of the transaction. [helpdesk.ErrNotFound] where there is none.
func (tx *Tx) Workspace(ctx context.Context) (helpdesk.Workspace, error) {
	w := helpdesk.Workspace{ID: tx.workspace}
	var settings []byte
	var staff *string
	err := tx.tx.QueryRow(ctx, `
		select team, app_id, bot_user, installer, scopes, authorized_at, staff_channel, settings
		from tenant.workspace where workspace_id = $1`, tx.workspace).
		Scan(&w.Team, &w.AppID, &w.BotUser, &w.Installer, &w.Scopes, &w.AuthorizedAt, &staff, &settings)
	if err != nil {
		return w, fmt.Errorf("load workspace %s: %w", tx.workspace, notFound(err))
	}
	if staff != nil {
		w.StaffChannel = *staff
	}
	if err := json.Unmarshal(settings, &w.Settings); err != nil {
		return w, fmt.Errorf("load settings of workspace %s: %w", tx.workspace, err)
	}
	return w, nil
}

// Processing is nil while requests of the workspace are worked on, and [helpdesk.ErrNotInstalled] from its uninstall on.
func (tx *Tx) Processing(ctx context.Context) error {
	var token bool
	err := tx.tx.QueryRow(ctx, `select token is not null from tenant.workspace where workspace_id = $1`, tx.workspace).Scan(&token)
	if err == nil && !token {
		err = helpdesk.ErrNotInstalled
	}
	if err != nil {
		return fmt.Errorf("load workspace %s: %w", tx.workspace, notFound(err))
	}
	return nil
}

// CertificateID names the certificate that the workspace's purge will leave; it is fixed at the install.
func (tx *Tx) CertificateID(ctx context.Context) (id helpdesk.CertificateID, err error) {
	err = tx.tx.QueryRow(ctx, `select certificate_id from tenant.workspace where workspace_id = $1`, tx.workspace).Scan(&id)
	if err != nil {
		return id, fmt.Errorf("load certificate id of workspace %s: %w", tx.workspace, notFound(err))
	}
	return id, nil
}

// TokenContext is the context in which a key wrapper encrypts the bot token of a workspace.
func TokenContext(id helpdesk.WorkspaceID) seal.Context {
	return seal.Context{Purpose: "slack-bot-token", Workspace: id.String()}
}

// tokenAD binds a bot token to its row.
func (tx *Tx) tokenAD() seal.AD {
	return seal.AD{Workspace: tx.workspace.String(), Table: "workspace", Column: "token", Row: tx.workspace.String()}
}

// Install stores a new workspace with its first admin. token is already encrypted by the key wrapper; here it is
// sealed once more under the workspace key, so that both are needed to read it.
func (tx *Tx) Install(ctx context.Context, w helpdesk.Workspace, token []byte, key seal.Key) error {
	settings, err := json.Marshal(w.Settings)
	if err != nil {
		return fmt.Errorf("encode settings of workspace %s: %w", tx.workspace, err)
	}
	_, err = tx.tx.Exec(ctx, `
		insert into tenant.workspace (workspace_id, team, app_id, bot_user, installer, scopes, token,
		                              installed_at, authorized_at, settings)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)`,
		tx.workspace, w.Team, w.AppID, w.BotUser, w.Installer, w.Scopes, key.Seal(token, tx.tokenAD()),
		w.AuthorizedAt, settings)
	if err != nil {
		return fmt.Errorf("insert workspace %s: %w", tx.workspace, err)
	}
	return tx.PutAgent(ctx, w.Installer, helpdesk.RoleAdmin, w.AuthorizedAt)
}

// Reauthorize replaces token and scopes of an installed workspace, destroying the older token, and makes who
// authorised an admin. Nothing else changes.
func (tx *Tx) Reauthorize(ctx context.Context, w helpdesk.Workspace, token []byte, key seal.Key) error {
	tag, err := tx.tx.Exec(ctx, `
		update tenant.workspace
		set token = $2, scopes = $3, installer = $4, bot_user = $5, app_id = $6, authorized_at = $7
		where workspace_id = $1`,
		tx.workspace, key.Seal(token, tx.tokenAD()), w.Scopes, w.Installer, w.BotUser, w.AppID, w.AuthorizedAt)
	if err != nil {
		return fmt.Errorf("reauthorize workspace %s: %w", tx.workspace, err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("reauthorize workspace %s: %w", tx.workspace, helpdesk.ErrNotFound)
	}
	return tx.PutAgent(ctx, w.Installer, helpdesk.RoleAdmin, w.AuthorizedAt)
}

// Token returns the bot token as the key wrapper encrypted it. [helpdesk.ErrNotInstalled] once it is destroyed.
func (tx *Tx) Token(ctx context.Context, key seal.Key) ([]byte, error) {
	var sealed []byte
	err := tx.tx.QueryRow(ctx, `select token from tenant.workspace where workspace_id = $1`, tx.workspace).Scan(&sealed)
	if err != nil {
		return nil, fmt.Errorf("load token of workspace %s: %w", tx.workspace, notFound(err))
	}
	if sealed == nil {
		return nil, fmt.Errorf("load token of workspace %s: %w", tx.workspace, helpdesk.ErrNotInstalled)
	}
	token, err := key.Open(sealed, tx.tokenAD())
	if err != nil {
		return nil, fmt.Errorf("open token of workspace %s: %w", tx.workspace, err)
	}
	return token, nil
}

// SetStaffChannel names the channel for staff cards; "" unsets it. If the channel is already known its state
// follows: a staff channel is never monitored.
func (tx *Tx) SetStaffChannel(ctx context.Context, slackChannel string, now time.Time) error {
	tag, err := tx.tx.Exec(ctx, `update tenant.workspace set staff_channel = nullif($2, '') where workspace_id = $1`,
		tx.workspace, slackChannel)
	if err != nil {
		return fmt.Errorf("set staff channel of workspace %s: %w", tx.workspace, err)
	}
	if tag.RowsAffected() == 0 {
		return fmt.Errorf("set staff channel of workspace %s: %w", tx.workspace, helpdesk.ErrNotFound)
	}
	_, err = tx.tx.Exec(ctx, `
		update tenant.channel
		set state = case when slack_channel = $2 then 'staff' else 'monitored' end, since = $3, read_from = $3
		where workspace_id = $1 and state <> 'left' and (state = 'staff') <> (slack_channel = $2)`,
		tx.workspace, slackChannel, now)
	if err != nil {
		return fmt.Errorf("set staff channel of workspace %s: %w", tx.workspace, err)
	}
	return nil
}
