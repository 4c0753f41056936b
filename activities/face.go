package activities

import (
	"context"
	"errors"
	"time"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// face is what a message about a request is made of.
type face struct {
	names.RequestInput
	session   *slackapi.Session
	workspace helpdesk.Workspace
	channel   helpdesk.Channel
	shown     blockkit.Request
	wait      time.Duration // how long Slack, or our own pace, wants us to wait
}

// face reads a request and whatever messages about it need. first, where given, runs in the same transaction, before the
// reading.
func (a *Activities) face(ctx context.Context, in names.RequestInput, method string, first func(*postgres.Tx) error) (f face, err error) {
	f.RequestInput = in
	keys, err := a.Keys.RequestKeys(ctx, in.Workspace, in.Request)
	if err != nil && !errors.Is(err, helpdesk.ErrErased) {
		return f, err
	}
	workspaceKey, err := a.Keys.WorkspaceKey(ctx, in.Workspace)
	if err != nil {
		return f, err
	}
	var token []byte
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if first != nil {
			if err := first(tx); err != nil {
				return err
			}
		}
		if token, err = tx.Token(ctx, workspaceKey); err != nil {
			return err
		}
		if f.workspace, err = tx.Workspace(ctx); err != nil {
			return err
		}
		if f.shown.Request, err = tx.Request(ctx, in.Request); err != nil {
			return err
		}
		if f.channel, err = tx.Channel(ctx, f.shown.Channel); err != nil {
			return err
		}
		if ids := f.shown.Kin.IDs(); len(ids) > 0 {
			if f.shown.Relatives, err = tx.Relatives(ctx, ids); err != nil {
				return err
			}
		}
		if keys.HasSummary {
			if f.shown.Summary, err = tx.Summary(ctx, in.Request, keys.Summary); err != nil {
				return err
			}
		}
		f.wait, err = reserve(ctx, tx, f.method(method), a.Now())
		return err
	})
	if err != nil {
		return f, err
	}
	f.shown.Labels, f.shown.Staff = helpdesk.Active(f.workspace.Settings.Labels), f.workspace.StaffChannel != ""
	f.shown.LabelName = labelName(f.workspace.Settings.Labels, f.shown.Label)
	f.session, err = a.session(ctx, in.Workspace, token)
	return f, err
}

// method is the one that will be called; "" stands for the receipt's, which depends on whether it is posted.
func (f face) method(method string) string {
	switch {
	case method != "":
		return method
	case f.shown.ReceiptAt.TS == "":
		return "chat.postMessage"
	}
	return "chat.update"
}

func reserve(ctx context.Context, tx *postgres.Tx, method string, now time.Time) (time.Duration, error) {
	perMinute, burst := slackapi.Pace(method)
	return tx.Reserve(ctx, method, now, perMinute, burst)
}

// paced makes a call unless its method has to wait, and remembers for all workers when Slack says to wait. The server
// retries then; no worker is blocked meanwhile.
func (a *Activities) paced(ctx context.Context, f face, method string, wait time.Duration, call func() error) error {
	if wait > 0 {
		return &slackapi.Error{Method: method, Code: "paced", Kind: slackapi.RateLimited, RetryAfter: wait}
	}
	err := call()
	var refused *slackapi.Error
	if errors.As(err, &refused) && refused.Kind == slackapi.RateLimited {
		blocked := a.Store.InWorkspace(ctx, f.Workspace, func(tx *postgres.Tx) error {
			return tx.Block(ctx, refused.Method, a.Now().Add(refused.RetryAfter))
		})
		return errors.Join(err, blocked)
	}
	return err
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

// link is the address of the request's thread, asked for once; "" where Slack does not tell.
func (a *Activities) link(ctx context.Context, f *face) error {
	if f.shown.Link != "" {
		return nil
	}
	link, err := f.session.Permalink(ctx, f.channel.SlackID, f.shown.OriginTS)
	var refused *slackapi.Error
	if errors.As(err, &refused) && refused.Kind != slackapi.Unavailable && refused.Kind != slackapi.RateLimited {
		a.Log.WarnContext(ctx, "no link to the thread of a request", "workspace_id", f.Workspace, "request_id", f.Request, "err", err)
		return nil // a message without a link is better than none
	}
	f.shown.Link = link
	return err
}
