package activities

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/activity"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// fanOut is how many requests one call of CloseChannel reads at a time.
const fanOut = 200

// IntroduceChannel tells a channel what the app reads, how long it keeps text and which model it uses
// (behaviour 27), once for each time it is added.
func (a *Activities) IntroduceChannel(ctx context.Context, in names.ChannelInput) error {
	return failure(a.introduce(ctx, in))
}

func (a *Activities) introduce(ctx context.Context, in names.ChannelInput) error {
	workspaceKey, err := a.Keys.WorkspaceKey(ctx, in.Workspace)
	if err != nil {
		return err
	}
	var w helpdesk.Workspace
	var c helpdesk.Channel
	var token []byte
	done, model := false, ""
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if w, err = tx.Workspace(ctx); err != nil {
			return err
		}
		if model, err = a.describe(ctx, tx, w.Settings); err != nil {
			return err
		}
		if c, err = tx.Channel(ctx, in.Channel); err != nil {
			return err
		}
		if done, err = tx.Introduced(ctx, in.Channel); err != nil {
			return err
		}
		token, err = tx.Token(ctx, workspaceKey)
		return err
	})
	if err != nil || done || c.State == helpdesk.ChannelLeft || !c.Since.Equal(in.At) {
		return err // done, or the app has left or come back since: that is another introduction
	}
	session, err := a.session(ctx, in.Workspace, token)
	if err != nil {
		return err
	}
	slack, err := session.Channel(ctx, c.SlackID)
	if err != nil {
		return err
	}
	text, blocks := blockkit.Introduction{
		Retention: w.Settings.Retention, Model: model, StaffChannel: c.State == helpdesk.ChannelStaff,
	}.Render()
	message := slackapi.Message{
		Channel: c.SlackID, Text: text, Blocks: blocks,
		Operation: fmt.Sprintf("introduction/%s/%d", c.ID, c.Since.UnixMicro()),
	}
	found := false
	if activity.GetInfo(ctx).Attempt > 1 {
		if _, found, err = session.Find(ctx, message, c.Since); err != nil {
			return err
		}
	}
	if !found {
		if _, err := session.Post(ctx, message); err != nil {
			return err
		}
	}
	return a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		return tx.MarkIntroduced(ctx, in.Channel, slack.External, a.Now())
	})
}

// CloseChannel stops the intake of a channel that we can no longer read or write, and tells every open request of
// it to cancel its clocks.
func (a *Activities) CloseChannel(ctx context.Context, in names.ChannelInput) error {
	err := a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		_, err := tx.LeaveChannel(ctx, in.Channel, in.At)
		return err
	})
	if err != nil {
		return failure(err)
	}
	var last helpdesk.RequestID
	for {
		var ids []helpdesk.RequestID
		err := a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) (err error) {
			ids, err = tx.OpenRequests(ctx, in.Channel, last, fanOut)
			return err
		})
		if err != nil {
			return failure(err)
		}
		for _, id := range ids {
			if err := a.signal(ctx, id, names.SignalStopClocks, names.StopClocks{Reason: helpdesk.StopChannelLeft}); err != nil {
				return failure(err)
			}
			last = id
		}
		if len(ids) < fanOut {
			return nil
		}
	}
}

// signal tells one request's workflow. One that has ended has nothing to do.
func (a *Activities) signal(ctx context.Context, id helpdesk.RequestID, name string, arg any) error {
	err := a.Temporal.SignalWorkflow(ctx, names.RequestID(id), "", name, arg)
	var gone *serviceerror.NotFound
	if err == nil || errors.As(err, &gone) {
		return nil
	}
	return fmt.Errorf("signal request %s: %w", id, err)
}

// RefusedInput says that a call for a request was refused because we cannot write in its channel any more.
type RefusedInput struct {
	names.RequestInput
	At time.Time `json:"at"`
}

// CloseRefusedChannel is [Activities.CloseChannel] for the channel of a request: the first refused call tells as
// well as an event that the app is out (behaviour 28).
func (a *Activities) CloseRefusedChannel(ctx context.Context, in RefusedInput) error {
	var request helpdesk.Request
	err := a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) (err error) {
		request, err = tx.Request(ctx, in.Request)
		return err
	})
	if err != nil {
		return failure(err)
	}
	return a.CloseChannel(ctx, names.ChannelInput{Workspace: in.Workspace, Channel: request.Channel, At: in.At})
}

// comparePage is how many workspaces one run of the daily comparison looks at.
const comparePage = 50

// Workspaces lists the next living workspaces after the given one.
func (a *Activities) Workspaces(ctx context.Context, after helpdesk.WorkspaceID) ([]helpdesk.WorkspaceID, error) {
	ids, err := a.Store.Workspaces(ctx, after, comparePage)
	return ids, failure(err)
}

// Comparison is what the daily comparison found changed: it is recorded already.
type Comparison struct {
	Joined []names.ChannelInput `json:"joined,omitempty"`
	Left   []names.ChannelInput `json:"left,omitempty"`
}

// CompareChannels compares the channels of a workspace with those that Slack says the app is in, and records what differs
// as of the given instant. What an event tells later than that stays.
func (a *Activities) CompareChannels(ctx context.Context, in names.CompareInput) (c Comparison, err error) {
	workspaceKey, err := a.Keys.WorkspaceKey(ctx, in.Workspace)
	if err != nil {
		return c, failure(err)
	}
	var token []byte
	var known []helpdesk.Channel
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if token, err = tx.Token(ctx, workspaceKey); err != nil {
			return err
		}
		known, err = tx.Channels(ctx)
		return err
	})
	if err != nil {
		return c, failure(err)
	}
	session, err := a.session(ctx, in.Workspace, token)
	if err != nil {
		return c, failure(err)
	}
	member, err := session.Channels(ctx)
	if err != nil {
		return c, failure(err)
	}
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		c = Comparison{}
		for _, k := range known {
			if slices.Contains(member, k.SlackID) {
				continue
			}
			left, err := tx.LeaveChannel(ctx, k.ID, in.At)
			if err != nil {
				return err
			}
			if left {
				c.Left = append(c.Left, names.ChannelInput{Workspace: in.Workspace, Channel: k.ID, At: in.At})
			}
		}
		for _, id := range member {
			if slices.ContainsFunc(known, func(k helpdesk.Channel) bool { return k.SlackID == id }) {
				continue
			}
			joined, err := tx.JoinChannel(ctx, id, in.At)
			if err != nil {
				return err
			}
			if joined.Since.Equal(in.At) {
				c.Joined = append(c.Joined, names.ChannelInput{Workspace: in.Workspace, Channel: joined.ID, At: in.At})
			}
		}
		return nil
	})
	return c, failure(err)
}
