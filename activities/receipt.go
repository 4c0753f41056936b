package activities

import (
	"context"
	"errors"

	"go.temporal.io/sdk/activity"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// ReceiptInput is the state that the receipt is to show and the row to take.
type ReceiptInput struct {
	names.RequestInput
	helpdesk.Progress
	WithoutAI bool `json:"without_ai,omitempty"`
}

// ReceiptResult says where the receipt stands.
type ReceiptResult struct {
	TS string `json:"ts,omitempty"`
	// Stray is a receipt that Slack put at the channel root because the message it answers is gone. It must be
	// deleted at once (behaviour 8).
	Stray string `json:"stray,omitempty"`
}

// receiptOperation identifies the one receipt of a request in its message metadata.
func receiptOperation(id helpdesk.RequestID) string { return "receipt/" + id.String() }

// SendReceipt posts the receipt, or updates it in place, and stores the state it shows. A receipt whose posting has
// an unknown outcome is looked up before a second one.
func (a *Activities) SendReceipt(ctx context.Context, in ReceiptInput) (ReceiptResult, error) {
	v, err := a.view(ctx, in)
	if err != nil {
		return ReceiptResult{}, failure(err)
	}
	posted := slackapi.Posted{TS: v.request.ReceiptTS, ThreadTS: v.request.OriginTS}
	switch {
	case posted.TS == "":
		posted, err = a.post(ctx, v)
	case v.request.ReceiptVer < in.Version:
		err = v.session.Update(ctx, posted.TS, v.message)
	}
	if err != nil {
		return ReceiptResult{}, failure(err)
	}
	if posted.ThreadTS == "" {
		return ReceiptResult{Stray: posted.TS}, nil
	}
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if err := tx.Project(ctx, in.Request, in.Progress); err != nil {
			return err
		}
		return tx.RecordReceipt(ctx, in.Request, posted.TS, in.Version)
	})
	return ReceiptResult{TS: posted.TS}, failure(err)
}

// post posts the receipt once. An earlier attempt may have posted it without our hearing of it.
func (a *Activities) post(ctx context.Context, v receiptView) (slackapi.Posted, error) {
	if activity.GetInfo(ctx).Attempt > 1 {
		found, ok, err := v.session.Find(ctx, v.message, v.request.OpenedAt)
		if err != nil || ok {
			return found, err
		}
	}
	return v.session.Post(ctx, v.message)
}

// receiptView is what a receipt is made of.
type receiptView struct {
	session *slackapi.Session
	request helpdesk.Request
	channel helpdesk.Channel
	message slackapi.Message
}

func (a *Activities) view(ctx context.Context, in ReceiptInput) (v receiptView, err error) {
	keys, err := a.Keys.RequestKeys(ctx, in.Workspace, in.Request)
	if err != nil && !errors.Is(err, helpdesk.ErrErased) {
		return v, err
	}
	workspaceKey, err := a.Keys.WorkspaceKey(ctx, in.Workspace)
	if err != nil {
		return v, err
	}
	var w helpdesk.Workspace
	var token []byte
	var summary string
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if token, err = tx.Token(ctx, workspaceKey); err != nil {
			return err
		}
		if w, err = tx.Workspace(ctx); err != nil {
			return err
		}
		if v.request, err = tx.Request(ctx, in.Request); err != nil {
			return err
		}
		if v.channel, err = tx.Channel(ctx, v.request.Channel); err != nil {
			return err
		}
		if keys.HasSummary {
			summary, err = tx.Summary(ctx, in.Request, keys.Summary)
		}
		return err
	})
	if err != nil {
		return v, err
	}
	if v.session, err = a.session(ctx, in.Workspace, token); err != nil {
		return v, err
	}
	text, blocks := blockkit.Receipt{
		Number: v.request.Number, Label: labelName(w.Settings.Labels, in.Label), Summary: summary,
		Priority: in.Priority, WithoutAI: in.WithoutAI, Status: in.Status,
		FirstResponseDue: in.Deadlines.FirstResponse.Due, ClocksOff: in.ClocksOff, Files: v.request.Files,
	}.Render()
	v.message = slackapi.Message{
		Channel: v.channel.SlackID, ThreadTS: v.request.OriginTS, Text: text, Blocks: blocks,
		Operation: receiptOperation(in.Request),
	}
	return v, nil
}

// labelName is what people see of a label; a label that was deleted since shows its key.
func labelName(labels []helpdesk.Label, key string) string {
	for _, l := range labels {
		if l.Key == key {
			return l.Name
		}
	}
	return key
}

// StrayInput names a message of ours that must not stand where it does.
type StrayInput struct {
	names.RequestInput
	TS string `json:"ts"`
}

// DeleteStray deletes a message of ours from the request's channel. One that is gone already is success.
func (a *Activities) DeleteStray(ctx context.Context, in StrayInput) error {
	workspaceKey, err := a.Keys.WorkspaceKey(ctx, in.Workspace)
	if err != nil {
		return failure(err)
	}
	var token []byte
	var channel helpdesk.Channel
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if token, err = tx.Token(ctx, workspaceKey); err != nil {
			return err
		}
		request, err := tx.Request(ctx, in.Request)
		if err != nil {
			return err
		}
		channel, err = tx.Channel(ctx, request.Channel)
		return err
	})
	if err != nil {
		return failure(err)
	}
	session, err := a.session(ctx, in.Workspace, token)
	if err != nil {
		return failure(err)
	}
	err = session.Delete(ctx, channel.SlackID, in.TS)
	var refused *slackapi.Error
	if errors.As(err, &refused) && refused.Kind == slackapi.MessageGone {
		return nil
	}
	return failure(err)
}

// StateInput is a state for the row to take where there is nothing to show in Slack.
type StateInput struct {
	names.RequestInput
	helpdesk.Progress
}

// Project stores the state in the row.
func (a *Activities) Project(ctx context.Context, in StateInput) error {
	return failure(a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		return tx.Project(ctx, in.Request, in.Progress)
	}))
}

// Erase destroys text and summary of a withdrawn request, keys first: that is the erasure; then it stores the state.
func (a *Activities) Erase(ctx context.Context, in StateInput) error {
	if err := a.Keys.DestroyRequestKeys(ctx, in.Workspace, in.Request, true, true); err != nil {
		return failure(err)
	}
	return failure(a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if err := tx.DeleteText(ctx, in.Request); err != nil {
			return err
		}
		return tx.Project(ctx, in.Request, in.Progress)
	}))
}
