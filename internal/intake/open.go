package intake

import (
	"context"
	"errors"
	"fmt"

	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// opening is a request on its way from a message to a running workflow.
type opening struct {
	id      helpdesk.RequestID
	number  int64
	channel helpdesk.Channel
	opened  bool // the row is there, by an earlier delivery or an earlier try of this one
}

// open turns a message into a request: keys, then row and sealed text in one transaction, then the workflow.
// Whatever was done by an earlier try is found and not done again.
func (r *Relay) open(ctx context.Context, d postgres.Delivery, e Event) (string, error) {
	at, err := helpdesk.ParseTS(e.TS)
	if err != nil {
		return "", err
	}
	o, skip, err := r.place(ctx, d.Workspace, e)
	if err != nil || skip != "" {
		return string(skip), err
	}
	if !o.opened {
		if o, err = r.store(ctx, d, e, o); err != nil {
			switch {
			case errors.Is(err, helpdesk.ErrErased):
				return "erased", nil
			case errors.Is(err, postgres.ErrDeleted):
				return "deleted before", nil
			}
			return "", err
		}
	}
	r.Fail.Pass(failpoint.RowOpened)
	err = r.start(ctx, client.StartWorkflowOptions{
		ID:            names.RequestID(o.id),
		StaticSummary: fmt.Sprintf("Request #%d", o.number),
		TypedSearchAttributes: temporal.NewSearchAttributes(
			workspaceAttribute().ValueSet(d.Workspace.String()),
			temporal.NewSearchAttributeKeyTime(names.AttributeOpenedAt).ValueSet(at),
		),
	}, names.WorkflowRequest, names.RequestInput{Workspace: d.Workspace, Request: o.id})
	if err != nil {
		return "", err
	}
	r.Fail.Pass(failpoint.WorkflowStarted)
	return "opened", nil
}

// place finds the channel and what the message may have opened before. A channel whose joining has not arrived
// yet is joined now: Slack delivers messages only where the app is a member.
func (r *Relay) place(ctx context.Context, workspace helpdesk.WorkspaceID, e Event) (o opening, skip Skip, err error) {
	adopted := false
	err = r.Store.InWorkspace(ctx, workspace, func(tx *postgres.Tx) error {
		o.channel, err = tx.ChannelBySlackID(ctx, e.Channel)
		if errors.Is(err, helpdesk.ErrNotFound) {
			adopted = true
			o.channel, err = tx.JoinChannel(ctx, e.Channel, e.At)
		}
		if err != nil {
			return err
		}
		o.id, o.number, err = tx.RequestByOrigin(ctx, o.channel.ID, e.TS)
		if errors.Is(err, helpdesk.ErrNotFound) {
			skip = unread(o.channel, e)
			return nil
		}
		o.opened = err == nil
		return err
	})
	if err == nil && adopted {
		err = r.introduce(ctx, workspace, o.channel)
	}
	return o, skip, err
}

// store writes keys, row and text. The delivery's key becomes the request's text key.
func (r *Relay) store(ctx context.Context, d postgres.Delivery, e Event, o opening) (opening, error) {
	key, err := r.Keys.InboxKey(ctx, d.ID)
	if err != nil {
		return o, err
	}
	text, err := d.Open(key)
	if err != nil {
		return o, err
	}
	at, err := helpdesk.ParseTS(e.TS)
	if err != nil {
		return o, err
	}
	o.id = helpdesk.NewRequestID()
	if err := r.Keys.CreateRequestKeys(ctx, d.Workspace, o.id, key); err != nil {
		return o, err
	}
	r.Fail.Pass(failpoint.KeysCreated)
	request := helpdesk.Request{
		ID: o.id, Channel: o.channel.ID, OriginTS: e.TS, Requester: requester(e), Files: e.Files, OpenedAt: at,
	}
	err = r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) error {
		o.number, err = tx.OpenRequest(ctx, request, text, key)
		return err
	})
	if !errors.Is(err, postgres.ErrOrigin) && !errors.Is(err, postgres.ErrDeleted) {
		return o, err
	}
	if err := r.Keys.DestroyRequestKeys(ctx, d.Workspace, o.id, true, true); err != nil {
		return o, err
	}
	if errors.Is(err, postgres.ErrDeleted) {
		return o, err
	}
	err = r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) error {
		o.id, o.number, err = tx.RequestByOrigin(ctx, o.channel.ID, e.TS)
		return err
	})
	return o, err
}

// requester is the author: a person, or the bot that an admin listed.
func requester(e Event) string { return firstNonEmpty(e.User, e.Bot) }
