package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strconv"
	"time"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// Operator carries out the operator's commands on one workspace.
type Operator struct {
	cfg       config.Config
	store     *postgres.Store
	workspace helpdesk.WorkspaceID
	team      string
	by        string // as the audit log names them
}

// OpenOperator opens the workspace of a Slack team for the named account of this machine. [helpdesk.ErrNotInstalled] where
// it has none.
func OpenOperator(ctx context.Context, cfg config.Config, team, account string) (*Operator, error) {
	store, err := postgres.Open(ctx, cfg.DatabaseURL)
	if err != nil {
		return nil, err
	}
	id, err := store.Installed(ctx, team)
	if err != nil {
		store.Close()
		return nil, err
	}
	return &Operator{cfg: cfg, store: store, workspace: id, team: team, by: "operator:" + account}, nil
}

// Close releases the database.
func (o *Operator) Close() { o.store.Close() }

func (o *Operator) do(ctx context.Context, f func(*postgres.Tx) error) error {
	return o.store.InWorkspace(ctx, o.workspace, f)
}

// change makes a change and appends it to the audit log, in one transaction. f completes the entry.
func (o *Operator) change(ctx context.Context, action helpdesk.AuditAction, object string, f func(*postgres.Tx, *helpdesk.AuditEntry) error) error {
	return o.do(ctx, func(tx *postgres.Tx) error {
		e := helpdesk.AuditEntry{At: time.Now(), Actor: o.by, Action: action, Object: object}
		if err := f(tx, &e); err != nil {
			return err
		}
		return tx.Audit(ctx, e)
	})
}

// SetStaffChannel names the staff channel by its Slack id; "" unsets it.
func (o *Operator) SetStaffChannel(ctx context.Context, channel string) error {
	return o.change(ctx, helpdesk.AuditStaffChannel, "", func(tx *postgres.Tx, e *helpdesk.AuditEntry) error {
		w, err := tx.Workspace(ctx)
		if err != nil {
			return err
		}
		e.Before, e.After = w.StaffChannel, channel
		return tx.SetStaffChannel(ctx, channel, e.At)
	})
}

// SetHideAddresses changes whether IP addresses and host names are kept from models.
func (o *Operator) SetHideAddresses(ctx context.Context, hide bool) error {
	return o.change(ctx, helpdesk.AuditHideAddresses, "", func(tx *postgres.Tx, e *helpdesk.AuditEntry) error {
		w, err := tx.Workspace(ctx)
		if err != nil {
			return err
		}
		e.Before, e.After = strconv.FormatBool(w.Settings.HideAddresses), strconv.FormatBool(hide)
		return tx.SetHideAddresses(ctx, hide)
	})
}

// PutAgent gives a person a role.
func (o *Operator) PutAgent(ctx context.Context, user string, role helpdesk.Role) error {
	return o.changeRole(ctx, user, func(tx *postgres.Tx, e *helpdesk.AuditEntry) error { return tx.PutAgent(ctx, user, role, e.At) })
}

// RemoveAgent takes every role from a person. [helpdesk.ErrNotFound] where there is none.
func (o *Operator) RemoveAgent(ctx context.Context, user string) error {
	return o.changeRole(ctx, user, func(tx *postgres.Tx, _ *helpdesk.AuditEntry) error { return tx.RemoveAgent(ctx, user) })
}

func (o *Operator) changeRole(ctx context.Context, user string, f func(*postgres.Tx, *helpdesk.AuditEntry) error) error {
	return o.change(ctx, helpdesk.AuditRole, user, func(tx *postgres.Tx, e *helpdesk.AuditEntry) error {
		before, err := tx.Role(ctx, user)
		if err != nil {
			return err
		}
		if err := f(tx, e); err != nil {
			return err
		}
		after, err := tx.Role(ctx, user)
		e.Before, e.After = string(before), string(after)
		return err
	})
}

// ErrNoAgent: guests, bots, people from outside and deactivated people cannot be agents.
var ErrNoAgent = errors.New("cannot be an agent")

// CheckAgent asks Slack whether a person can be an agent; [ErrNoAgent] says why not. It reports false where it cannot ask,
// because the command was not given what the bot token is sealed with.
func (o *Operator) CheckAgent(ctx context.Context, user string) (asked bool, err error) {
	key, wrapper, err := o.workspaceKey(ctx)
	if errors.Is(err, ErrNoKeystore) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	var sealed []byte
	if err := o.do(ctx, func(tx *postgres.Tx) (err error) {
		sealed, err = tx.Token(ctx, key)
		return err
	}); err != nil {
		return false, err
	}
	token, err := wrapper.Unwrap(ctx, postgres.TokenContext(o.workspace), sealed)
	if err != nil {
		return false, fmt.Errorf("decrypt token of workspace %s: %w", o.workspace, err)
	}
	u, err := slackapi.New(o.cfg.Slack.APIURL, nil).As(secret.New(string(token))).User(ctx, user)
	var refused *slackapi.Error
	switch {
	case errors.As(err, &refused) && refused.Code == "user_not_found":
		return true, fmt.Errorf("%s %w: Slack knows no such person here", user, ErrNoAgent)
	case err != nil:
		return false, err
	case u.Bot:
		return true, fmt.Errorf("%s %w: it is a bot", user, ErrNoAgent)
	case u.Deleted:
		return true, fmt.Errorf("%s %w: the account is deactivated", user, ErrNoAgent)
	case u.Restricted:
		return true, fmt.Errorf("%s %w: they are a guest", user, ErrNoAgent)
	case u.Team != "" && u.Team != o.team:
		return true, fmt.Errorf("%s %w: they are from another workspace", user, ErrNoAgent)
	}
	return true, nil
}

// Retention is how long a workspace keeps original text.
func (o *Operator) Retention(ctx context.Context) (retention time.Duration, err error) {
	err = o.do(ctx, func(tx *postgres.Tx) error {
		retention, _, err = tx.Retention(ctx)
		return err
	})
	return retention, err
}

// PreviewRetention says what a retention would do to the texts that are there.
func (o *Operator) PreviewRetention(ctx context.Context, retention time.Duration) (p helpdesk.RetentionPreview, err error) {
	err = o.do(ctx, func(tx *postgres.Tx) error {
		p, err = tx.PreviewRetention(ctx, retention, time.Now())
		return err
	})
	return p, err
}

// SetRetention changes the retention and has a workflow apply it to the texts that are there. It can be repeated, and must
// be where Temporal did not answer.
func (o *Operator) SetRetention(ctx context.Context, retention time.Duration) error {
	in := names.RetentionInput{Workspace: o.workspace, Retention: retention}
	err := o.change(ctx, helpdesk.AuditRetention, "", func(tx *postgres.Tx, e *helpdesk.AuditEntry) error {
		before, _, err := tx.Retention(ctx)
		if err != nil {
			return err
		}
		e.Before, e.After = before.String(), retention.String()
		in.Version, err = tx.SetRetention(ctx, retention)
		return err
	})
	if err != nil {
		return err
	}
	err = o.start(ctx, names.WorkflowRetention, in, client.StartWorkflowOptions{
		ID: names.RetentionID(in),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword(names.AttributeWorkspaceID).ValueSet(o.workspace.String())),
	})
	if err != nil {
		return fmt.Errorf("the setting is stored, but Temporal does not apply it to the texts that are there: %w; repeat the command", err)
	}
	return nil
}

// start starts a workflow.
func (o *Operator) start(ctx context.Context, workflow string, in any, options client.StartWorkflowOptions) error {
	c, err := dialTemporal(o.cfg.Temporal, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	options.TaskQueue = names.QueueRequests
	_, err = c.ExecuteWorkflow(ctx, options, workflow, in)
	return err
}

// PurgeGrace is how long after the beginning of a purge a reinstall restores everything.
func (o *Operator) PurgeGrace() time.Duration { return o.cfg.PurgeGrace }

// Purge begins the destruction of the workspace, and returns at which path its certificate will stand. Where Temporal does
// not answer, the sweeper does the work.
func (o *Operator) Purge(ctx context.Context, grace time.Duration) (p helpdesk.Purge, address string, err error) {
	err = o.change(ctx, helpdesk.AuditUninstalled, "", func(tx *postgres.Tx, e *helpdesk.AuditEntry) error {
		e.After = string(helpdesk.PurgeOrdered)
		p, _, err = tx.BeginPurge(ctx, helpdesk.PurgeOrdered, e.At, e.At, grace)
		return err
	})
	if err != nil {
		return p, "", err
	}
	in := names.PurgeInput{Workspace: p.Workspace, Number: p.Number}
	if err := o.start(ctx, names.WorkflowPurge, in, client.StartWorkflowOptions{
		ID: names.PurgeID(in), StaticSummary: "Purge of a workspace",
	}); err != nil {
		err = fmt.Errorf("the purge has begun, but Temporal does not answer: %w; the servers go on without it", err)
		return p, "", err
	}
	return p, "/trust/certificates/" + p.Certificate.String(), nil
}

// Purging is a purge that has not ended, and how many histories it has left.
type Purging struct {
	helpdesk.Purge
	Left, Asked int64
}

// Purges lists the purges that have not ended.
func Purges(ctx context.Context, cfg config.Config) (purging []Purging, err error) {
	store, err := postgres.Open(ctx, cfg.DatabaseURL)
	if err != nil {
		return nil, err
	}
	defer store.Close()
	open, err := store.Purges(ctx, 1000)
	if err != nil {
		return nil, err
	}
	for _, p := range open {
		at := Purging{Purge: p}
		if err := store.InWorkspace(ctx, p.Workspace, func(tx *postgres.Tx) error {
			at.Left, at.Asked, err = tx.CountRuns(ctx)
			return err
		}); err != nil {
			return nil, err
		}
		purging = append(purging, at)
	}
	return purging, nil
}

// Request is a request by the number that people see; its text stays sealed. [helpdesk.ErrNotFound] where there is none.
func (o *Operator) Request(ctx context.Context, number int64) (r helpdesk.Request, err error) {
	err = o.do(ctx, func(tx *postgres.Tx) error {
		r, err = tx.RequestByNumber(ctx, number)
		return err
	})
	return r, err
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
	return o.allow(ctx, helpdesk.AuditAllowBot, channel, bot+" in "+channel, allow, func(tx *postgres.Tx, id helpdesk.ChannelID) error {
		return tx.AllowBot(ctx, id, bot, allow)
	})
}

// AllowExternal decides whether people outside the workspace are read in a channel.
func (o *Operator) AllowExternal(ctx context.Context, channel string, allow bool) error {
	return o.allow(ctx, helpdesk.AuditAllowExternal, channel, channel, allow, func(tx *postgres.Tx, id helpdesk.ChannelID) error {
		return tx.AllowExternal(ctx, id, allow)
	})
}

func (o *Operator) allow(ctx context.Context, action helpdesk.AuditAction, channel, object string, allow bool,
	f func(*postgres.Tx, helpdesk.ChannelID) error,
) error {
	return o.change(ctx, action, object, func(tx *postgres.Tx, e *helpdesk.AuditEntry) error {
		e.After = strconv.FormatBool(allow)
		c, err := tx.ChannelBySlackID(ctx, channel)
		if err != nil {
			return err
		}
		return f(tx, c.ID)
	})
}

// ExportAudit calls f for each entry of the audit log, the oldest first, and appends that it was exported.
func (o *Operator) ExportAudit(ctx context.Context, f func(helpdesk.AuditEntry) error) error {
	return o.change(ctx, helpdesk.AuditExported, "audit", func(tx *postgres.Tx, _ *helpdesk.AuditEntry) error { return tx.AuditLog(ctx, f) })
}
