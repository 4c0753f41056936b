package intake

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// Inbox stores deliveries. It depends on the two databases and on nothing else.
type Inbox struct {
	Store *postgres.Store
	Keys  *keystore.Store
	Now   func() time.Time
	Fail  failpoint.Points
}

// Accept stores what was received, unless nothing of ours follows it: then it says why. After a nil error
// nothing of the delivery can be lost; after any other the sender must try again.
func (i *Inbox) Accept(ctx context.Context, r Received) (Skip, error) {
	if r.Skip != "" {
		return r.Skip, nil
	}
	workspace, err := i.Store.Installed(ctx, r.Team)
	if errors.Is(err, helpdesk.ErrNotInstalled) {
		return SkipUnknown, nil
	}
	if err != nil {
		return "", err
	}
	switch r.Event.Kind {
	case KindMessage, KindReply, KindEdited:
		if skip, err := i.unwanted(ctx, workspace, r.Event); skip != "" || err != nil {
			return skip, err
		}
	default: // about us, or about what we may have stored
	}
	refs, err := json.Marshal(r.Event)
	if err != nil {
		return "", fmt.Errorf("encode event: %w", err)
	}
	now := i.Now()
	return i.put(ctx, postgres.Delivery{
		ID: helpdesk.NewInboxID(now), DeliveryID: r.DeliveryID, Workspace: workspace,
		Kind: string(r.Event.Kind), Refs: refs, ReceivedAt: now,
	}, r.Text)
}

// Keep stores a body that is signed by Slack but no use to us, sealed, for the operator's eye. hash identifies
// the body, so that Slack's retries of it are one row.
func (i *Inbox) Keep(ctx context.Context, raw []byte, hash string) error {
	now := i.Now()
	_, err := i.put(ctx, postgres.Delivery{
		ID: helpdesk.NewInboxID(now), DeliveryID: "unreadable:" + hash, Kind: string(KindUnreadable), ReceivedAt: now,
	}, raw)
	return err
}

// put seals text under a key of its own, key first: a body without its key is lost, a key without a body is swept.
func (i *Inbox) put(ctx context.Context, d postgres.Delivery, text []byte) (Skip, error) {
	if text != nil {
		key := seal.NewKey()
		if err := i.Keys.PutInboxKey(ctx, d.ID, key); err != nil {
			return "", err
		}
		d.Seal(text, key)
	}
	stored, err := i.Store.PutDelivery(ctx, d)
	if err != nil {
		return "", err
	}
	if stored {
		i.Fail.Pass(failpoint.Stored)
		return "", nil
	}
	if text != nil {
		if err := i.Keys.DestroyInboxKeys(ctx, d.ID); err != nil {
			return "", err
		}
	}
	return SkipDuplicate, nil
}

// unwanted keeps out, before a byte is stored, messages of channels we do not read, of bots nobody listed and of
// people outside. A channel not known yet is let through: its joining may still be on the way.
func (i *Inbox) unwanted(ctx context.Context, workspace helpdesk.WorkspaceID, e Event) (skip Skip, err error) {
	err = i.Store.InWorkspace(ctx, workspace, func(tx *postgres.Tx) error {
		c, err := tx.ChannelBySlackID(ctx, e.Channel)
		if errors.Is(err, helpdesk.ErrNotFound) {
			if e.Bot != "" {
				skip = SkipBot
			} else if e.External {
				skip = SkipExternal
			}
			return nil
		}
		if err != nil {
			return err
		}
		if skip = unread(c, e); skip == "" && e.Bot != "" {
			listed, err := tx.BotAllowed(ctx, c.ID, e.Bot)
			if err != nil {
				return err
			}
			if !listed {
				skip = SkipBot
			}
		}
		return nil
	})
	return skip, err
}

// unread says why a message of channel c opens nothing; "" where it does. The relay asks again, because the
// channel may have changed since the message was stored.
func unread(c helpdesk.Channel, e Event) Skip {
	switch {
	case c.State != helpdesk.ChannelMonitored, e.At.Before(c.ReadFrom):
		return SkipChannel
	case e.External && !c.AllowExternal:
		return SkipExternal
	}
	return ""
}
