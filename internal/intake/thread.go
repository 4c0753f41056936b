package intake

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// errEarly: what a delivery follows has not come yet. It is tried again, without alarm.
var errEarly = errors.New("the message it follows has opened no request yet")

// lateMost is how long a reply or an edit waits for the message it follows: Slack's last try comes after six minutes.
const lateMost = 10 * time.Minute

// about is a request that a delivery follows.
type about struct {
	channel helpdesk.Channel
	request helpdesk.Request
}

// find finds the request that a message at the root of a channel has opened. Where it has opened none, it may still do so
// ([errEarly]) or never will, and skip says why.
func (r *Relay) find(ctx context.Context, tx *postgres.Tx, d postgres.Delivery, e Event, rootTS string) (a about, skip Skip, err error) {
	a.channel, err = tx.ChannelBySlackID(ctx, e.Channel)
	if err == nil {
		if skip := unread(a.channel, e); skip != "" {
			return a, skip, nil
		}
		var id helpdesk.RequestID
		if id, _, err = tx.RequestByOrigin(ctx, a.channel.ID, rootTS); err == nil {
			a.request, err = tx.Request(ctx, id)
			return a, "", err
		}
	}
	if !errors.Is(err, helpdesk.ErrNotFound) {
		return a, "", err
	}
	root, err := helpdesk.ParseTS(rootTS)
	if err != nil || d.ReceivedAt.Sub(root) > lateMost || r.Now().Sub(d.ReceivedAt) > lateMost {
		return a, SkipReply, nil //nolint:nilerr // a root that is no message opens nothing
	}
	return a, "", errEarly
}

// reply records who wrote in a request's thread and when, and tells the workflow where that changes its state.
func (r *Relay) reply(ctx context.Context, d postgres.Delivery, e Event) (string, error) {
	var a about
	var skip Skip
	reply := helpdesk.Reply{At: e.At, User: e.User, Thanks: e.Thanks}
	err := r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) (err error) {
		if a, skip, err = r.find(ctx, tx, d, e, e.ThreadTS); err != nil || skip != "" {
			return err
		}
		role, err := tx.Role(ctx, e.User)
		if err != nil {
			return err
		}
		reply.Requester = e.User == a.request.Requester
		a.request, err = tx.Hear(ctx, a.request.ID, reply, role != "")
		return err
	})
	if err != nil || skip != "" {
		return string(skip), err
	}
	if a.request.Status == helpdesk.Closed && reply.Requester && !reply.Thanks {
		return "closed", r.whisper(ctx, d, a.request.ID, e.User, helpdesk.ReasonClosed)
	}
	r.Fail.Pass(failpoint.Heard)
	for _, news := range a.request.Heard.News(a.request.Progress) {
		if err := r.signal(ctx, a.request.ID, names.SignalReply, news); err != nil {
			return "", err
		}
	}
	return "heard", nil
}

// errRaced: another edit of the same message is being handed over. It is tried again, without alarm.
var errRaced = errors.New("another edit is under way")

// edit replaces the text of a request; the newest edit wins, in whatever order they come. The key of the edit's delivery
// takes the place of the text's, so that what was written before opens no more, in no backup either. An older edit that is
// under way at the same time does no harm: it has read the key before it claimed the request, and finds another in its place.
func (r *Relay) edit(ctx context.Context, d postgres.Delivery, e Event) (string, error) {
	key, err := r.Keys.InboxKey(ctx, d.ID)
	if errors.Is(err, helpdesk.ErrErased) {
		return "erased", nil
	}
	if err != nil {
		return "", err
	}
	text, err := d.Open(key)
	if err != nil {
		return "", err
	}
	var a about
	var skip Skip
	err = r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) (err error) {
		a, skip, err = r.find(ctx, tx, d, e, e.TS)
		return err
	})
	if err != nil || skip != "" {
		return string(skip), err
	}
	keys, err := r.Keys.RequestKeys(ctx, d.Workspace, a.request.ID)
	if errors.Is(err, helpdesk.ErrErased) || err == nil && !keys.HasText {
		return "erased", nil
	}
	if err != nil {
		return "", err
	}
	newest := false
	err = r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) (err error) {
		newest, err = tx.ClaimEdit(ctx, a.request.ID, e.EditedTS)
		return err
	})
	if err != nil || !newest {
		return "older edit", err
	}
	replaced, err := r.Keys.ReplaceTextKey(ctx, d.Workspace, a.request.ID, keys.Text, key)
	switch {
	case errors.Is(err, helpdesk.ErrErased):
		return "erased", nil
	case err != nil:
		return "", err
	case !replaced:
		return "", errRaced
	}
	r.Fail.Pass(failpoint.TextKeyReplaced)
	err = r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) (err error) {
		newest, err = tx.ReplaceText(ctx, a.request.ID, e.EditedTS, text, key)
		return err
	})
	if err != nil || !newest {
		return "older edit", err
	}
	r.Fail.Pass(failpoint.TextReplaced)
	return "edited", r.signal(ctx, a.request.ID, names.SignalEdited, names.Edited{At: e.At})
}

// remove destroys what a deleted message left, keys first, without waiting for its workflow; one that has opened nothing
// yet is remembered, so that it opens nothing.
func (r *Relay) remove(ctx context.Context, d postgres.Delivery, e Event) (string, error) {
	var id helpdesk.RequestID
	found := false
	err := r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) error {
		c, err := tx.ChannelBySlackID(ctx, e.Channel)
		if errors.Is(err, helpdesk.ErrNotFound) { // Slack delivers only where the app is a member
			c, err = tx.JoinChannel(ctx, e.Channel, e.At)
		}
		if err != nil {
			return err
		}
		if id, err = tx.Bury(ctx, c.ID, e.TS, r.Now()); errors.Is(err, helpdesk.ErrNotFound) {
			return nil
		}
		found = err == nil
		return err
	})
	if err != nil || !found {
		return "remembered", err
	}
	if err := r.Keys.DestroyRequestKeys(ctx, d.Workspace, id, true, true); err != nil {
		return "", err
	}
	r.Fail.Pass(failpoint.KeysDestroyed)
	if err := r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) error { return tx.DeleteText(ctx, id, helpdesk.ScopeDeletion, r.Now()) }); err != nil {
		return "", err
	}
	return "deleted", r.signal(ctx, id, names.SignalDeleted, struct{}{})
}

// signal tells a request's workflow. One that has not started reads what it has to know from the row, and one that has
// ended has nothing to do.
func (r *Relay) signal(ctx context.Context, id helpdesk.RequestID, name string, arg any) error {
	ctx, cancel := context.WithTimeout(ctx, temporalTime)
	defer cancel()
	err := r.Temporal.SignalWorkflow(ctx, names.RequestID(id), "", name, arg)
	var gone *serviceerror.NotFound
	if err == nil || errors.As(err, &gone) {
		return nil
	}
	return fmt.Errorf("signal request %s: %w", id, err)
}

// press hands a press to the request's workflow, which decides. Who presses and what they may is read here, not taken
// from the payload; the delivery's id makes a press that is handed over twice one press.
func (r *Relay) press(ctx context.Context, d postgres.Delivery, e Event) (string, error) {
	if e.Press == nil {
		return "unhandled", nil
	}
	var request helpdesk.Request
	p := names.Press{Action: e.Press.Action, Value: e.Press.Value, Seen: e.Press.Seen, At: e.At, By: helpdesk.Actor{User: e.User}}
	known := true
	err := r.Store.InWorkspace(ctx, d.Workspace, func(tx *postgres.Tx) (err error) {
		if request, err = tx.Request(ctx, e.Press.Request); err != nil {
			return err
		}
		role, err := tx.Role(ctx, e.User)
		if err != nil {
			return err
		}
		p.By.Agent, p.By.Requester = role != "", e.User == request.Requester
		if p.Action == helpdesk.SetLabel {
			w, err := tx.Workspace(ctx)
			known = err == nil && helpdesk.Known(helpdesk.Active(w.Settings.Labels), p.Value)
			return err
		}
		return nil
	})
	if errors.Is(err, helpdesk.ErrNotFound) {
		return "no request", nil // gone, or another workspace's
	}
	if err != nil {
		return "", err
	}
	why := helpdesk.ReasonUnknownLabel
	if known {
		if why, err = r.update(ctx, d, request, p); err != nil || why == "" {
			return string(p.Action), err
		}
	}
	return "refused: " + string(why), r.whisper(ctx, d, request.ID, e.User, why)
}

// update sends a press to the workflow and returns why it refused it, "" where it did not.
func (r *Relay) update(ctx context.Context, d postgres.Delivery, request helpdesk.Request, p names.Press) (helpdesk.Reason, error) {
	ctx, cancel := context.WithTimeout(ctx, temporalTime)
	defer cancel()
	handle, err := r.Temporal.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: names.RequestID(request.ID), UpdateID: d.DeliveryID, UpdateName: names.UpdatePress, Args: []any{p},
		WaitForStage: client.WorkflowUpdateStageCompleted,
	})
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	var refused *temporal.ApplicationError
	var gone *serviceerror.NotFound
	switch {
	case err == nil:
		r.Fail.Pass(failpoint.Pressed)
		return "", nil
	case errors.As(err, &refused):
		return helpdesk.Reason(refused.Type()), nil
	case errors.As(err, &gone) && request.Status.Ended():
		return helpdesk.Reason("is_" + string(request.Status)), nil
	}
	return "", fmt.Errorf("update request %s: %w", request.ID, err)
}

// whisper has the person who pressed or wrote told why that was refused; once for each delivery.
func (r *Relay) whisper(ctx context.Context, d postgres.Delivery, id helpdesk.RequestID, user string, why helpdesk.Reason) error {
	return r.start(ctx, client.StartWorkflowOptions{
		ID:                    names.WhisperID(d.ID),
		TypedSearchAttributes: temporal.NewSearchAttributes(workspaceAttribute().ValueSet(d.Workspace.String())),
	}, names.WorkflowWhisper, names.WhisperInput{
		RequestInput: names.RequestInput{Workspace: d.Workspace, Request: id}, User: user, Reason: why,
	})
}
