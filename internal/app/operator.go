package app

import (
	"context"
	"time"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// Operator carries out the operator's commands on one workspace.
type Operator struct {
	store     *postgres.Store
	workspace helpdesk.WorkspaceID
}

// OpenOperator opens the workspace of a Slack team. [helpdesk.ErrNotInstalled] where it has none.
func OpenOperator(ctx context.Context, cfg config.Config, team string) (*Operator, error) {
	store, err := postgres.Open(ctx, cfg.DatabaseURL)
	if err != nil {
		return nil, err
	}
	id, err := store.Installed(ctx, team)
	if err != nil {
		store.Close()
		return nil, err
	}
	return &Operator{store: store, workspace: id}, nil
}

// Close releases the database.
func (o *Operator) Close() { o.store.Close() }

func (o *Operator) do(ctx context.Context, f func(*postgres.Tx) error) error {
	return o.store.InWorkspace(ctx, o.workspace, f)
}

// SetStaffChannel names the staff channel by its Slack id; "" unsets it.
func (o *Operator) SetStaffChannel(ctx context.Context, channel string) error {
	return o.do(ctx, func(tx *postgres.Tx) error { return tx.SetStaffChannel(ctx, channel, time.Now()) })
}

// PutAgent gives a person a role.
func (o *Operator) PutAgent(ctx context.Context, user string, role helpdesk.Role) error {
	return o.do(ctx, func(tx *postgres.Tx) error { return tx.PutAgent(ctx, user, role, time.Now()) })
}

// RemoveAgent takes every role from a person. [helpdesk.ErrNotFound] where there is none.
func (o *Operator) RemoveAgent(ctx context.Context, user string) error {
	return o.do(ctx, func(tx *postgres.Tx) error { return tx.RemoveAgent(ctx, user) })
}

// Agents lists who has a role.
func (o *Operator) Agents(ctx context.Context) (agents []helpdesk.Agent, err error) {
	err = o.do(ctx, func(tx *postgres.Tx) error {
		agents, err = tx.Agents(ctx)
		return err
	})
	return agents, err
}

// AllowBot lists a bot for a channel, or takes it from the list. [helpdesk.ErrNotFound] for an unknown channel.
func (o *Operator) AllowBot(ctx context.Context, channel, bot string, allow bool) error {
	return o.inChannel(ctx, channel, func(tx *postgres.Tx, id helpdesk.ChannelID) error {
		return tx.AllowBot(ctx, id, bot, allow)
	})
}

// AllowExternal decides whether people outside the workspace are read in a channel.
func (o *Operator) AllowExternal(ctx context.Context, channel string, allow bool) error {
	return o.inChannel(ctx, channel, func(tx *postgres.Tx, id helpdesk.ChannelID) error {
		return tx.AllowExternal(ctx, id, allow)
	})
}

func (o *Operator) inChannel(ctx context.Context, channel string, f func(*postgres.Tx, helpdesk.ChannelID) error) error {
	return o.do(ctx, func(tx *postgres.Tx) error {
		c, err := tx.ChannelBySlackID(ctx, channel)
		if err != nil {
			return err
		}
		return f(tx, c.ID)
	})
}
