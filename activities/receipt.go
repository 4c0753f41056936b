package activities

import (
	"context"
	"time"

	"go.temporal.io/sdk/activity"

	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/sla"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// ReceiptInput is the state that the row is to take, and receipt and staff card are to show.
type ReceiptInput struct {
	names.RequestInput
	helpdesk.Progress
	WithoutAI bool             `json:"without_ai,omitempty"`
	Why       helpdesk.NoModel `json:"why,omitempty"`
}

// ReceiptResult says what came of it.
type ReceiptResult struct {
	// Stray is a receipt that Slack put at the channel root because the message it answers is gone. It must be
	// deleted at once (behaviour 8).
	Stray string `json:"stray,omitempty"`
	// News are replies that change the state, but came before the row showed that they do.
	News []helpdesk.Reply `json:"news,omitempty"`
}

// SendReceipt stores the state and shows it: in the receipt, then in the staff card where there is a staff channel. Each
// is posted once and updated in place from then on, and what came of it is recorded before the next call. One whose
// posting has an unknown outcome is looked up before a second one.
func (a *Activities) SendReceipt(ctx context.Context, in ReceiptInput) (ReceiptResult, error) {
	f, err := a.face(ctx, in.RequestInput, "", func(tx *postgres.Tx) error {
		_, err := tx.Project(ctx, in.Request, in.Progress)
		return err
	})
	if err != nil {
		return ReceiptResult{}, failure(err)
	}
	f.shown.Progress, f.shown.WithoutAI, f.shown.Why, f.shown.At = in.Progress, in.WithoutAI, in.Why, a.Now()
	if f.shown.Left, err = left(f.workspace.Settings, f.shown.Request); err != nil {
		return ReceiptResult{}, failure(err)
	}
	receipt, err := a.showReceipt(ctx, &f)
	if err != nil {
		return ReceiptResult{}, failure(err)
	}
	if receipt.ThreadTS == "" && receipt.TS != "" {
		return ReceiptResult{Stray: receipt.TS}, nil
	}
	a.Fail.Pass(failpoint.ReceiptRecorded)
	if err := a.showCard(ctx, &f); err != nil {
		return ReceiptResult{}, failure(err)
	}
	return ReceiptResult{News: f.shown.Heard.News(in.Progress)}, nil
}

// showReceipt brings the receipt to the version shown and says where it stands; nowhere where there is to be none.
func (a *Activities) showReceipt(ctx context.Context, f *face) (slackapi.Posted, error) {
	r := f.shown.Request
	posted := slackapi.Posted{TS: r.ReceiptAt.TS, ThreadTS: r.OriginTS}
	text, blocks := f.shown.Receipt()
	m := slackapi.Message{
		Channel: f.channel.SlackID, ThreadTS: r.OriginTS, Text: text, Blocks: blocks, Operation: "receipt/" + f.Request.String(),
	}
	switch {
	case r.ReceiptAt.TS == "" && r.Status == helpdesk.Withdrawn, r.ReceiptAt.Version >= f.shown.Version:
		return posted, nil
	case r.ReceiptAt.TS == "":
		if err := a.paced(ctx, *f, "chat.postMessage", f.wait, func() (err error) {
			posted, err = a.post(ctx, f.session, m, r.OpenedAt)
			return err
		}); err != nil || posted.ThreadTS == "" {
			return posted, err
		}
		a.Fail.Pass(failpoint.ReceiptPosted)
	case orphaned(r):
		err := f.session.Delete(ctx, m.Channel, posted.TS)
		if err != nil && !refusedAs(err, slackapi.MessageGone) {
			return posted, err
		}
	default:
		err := a.paced(ctx, *f, "chat.update", f.wait, func() error { return f.session.Update(ctx, posted.TS, m) })
		if refusedAs(err, slackapi.MessageGone) { // somebody deleted our receipt; the message it answers may stand
			posted, err = a.post(ctx, f.session, m, r.OpenedAt)
		}
		if err != nil || posted.ThreadTS == "" {
			return posted, err
		}
	}
	return posted, a.Store.InWorkspace(ctx, f.Workspace, func(tx *postgres.Tx) error {
		if err := tx.RecordReceipt(ctx, f.Request, helpdesk.Posted{TS: posted.TS, Version: f.shown.Version}); err != nil {
			return err
		}
		return a.readyCard(ctx, tx, f)
	})
}

// orphaned: its author deleted the message, or was erased, and nobody else has written in its thread, so the receipt goes,
// too.
func orphaned(r helpdesk.Request) bool {
	return r.Status == helpdesk.Withdrawn && (r.ClocksOff == helpdesk.StopDeleted || r.ClocksOff == helpdesk.StopErased) && !r.Heard.Others
}

// readyCard asks for the place of the staff card's call, in the transaction that records the receipt.
func (a *Activities) readyCard(ctx context.Context, tx *postgres.Tx, f *face) (err error) {
	if f.workspace.StaffChannel != "" {
		f.wait, err = reserve(ctx, tx, cardMethod(f.shown.CardAt), a.Now())
	}
	return err
}

func cardMethod(card helpdesk.Posted) string {
	if card.TS == "" {
		return "chat.postMessage"
	}
	return "chat.update"
}

// showCard brings the staff card to the version shown. A staff channel that refuses it for good must not hold up the
// requester's receipt: it is logged, and the card is left.
func (a *Activities) showCard(ctx context.Context, f *face) error {
	card := f.shown.CardAt
	if f.workspace.StaffChannel == "" || card.Version >= f.shown.Version || card.TS == "" && f.shown.Status == helpdesk.Withdrawn {
		return nil
	}
	if err := a.link(ctx, f); err != nil {
		return err
	}
	text, blocks := f.shown.Card()
	m := slackapi.Message{Channel: card.Channel, Text: text, Blocks: blocks, Operation: "card/" + f.Request.String()}
	err := a.paced(ctx, *f, cardMethod(card), f.wait, func() error {
		if card.TS != "" {
			return f.session.Update(ctx, card.TS, m)
		}
		m.Channel = f.workspace.StaffChannel
		posted, err := a.post(ctx, f.session, m, activity.GetInfo(ctx).ScheduledTime)
		card.Channel, card.TS = m.Channel, posted.TS
		a.Fail.Pass(failpoint.CardPosted)
		return err
	})
	if kind := failureType(err); err != nil && permanent[kind] {
		a.Log.WarnContext(ctx, "staff card not shown", "workspace_id", f.Workspace, "request_id", f.Request, "err", err)
		return nil
	}
	if err != nil {
		return err
	}
	card.Version = f.shown.Version
	return a.Store.InWorkspace(ctx, f.Workspace, func(tx *postgres.Tx) error {
		if err := tx.RecordLink(ctx, f.Request, f.shown.Link); err != nil {
			return err
		}
		return tx.RecordCard(ctx, f.Request, card)
	})
}

// post posts a message once. An earlier attempt may have posted it, since the given time, without our hearing of it.
func (a *Activities) post(ctx context.Context, session *slackapi.Session, m slackapi.Message, since time.Time) (slackapi.Posted, error) {
	if activity.GetInfo(ctx).Attempt > 1 {
		found, ok, err := session.Find(ctx, m, since)
		if err != nil || ok {
			return found, err
		}
	}
	return session.Post(ctx, m)
}

// left is what is left of the resolution target of a request that waits.
func left(s helpdesk.Settings, r helpdesk.Request) (time.Duration, error) {
	if r.Status != helpdesk.Waiting {
		return 0, nil
	}
	target, calendar, err := targetOf(s, r.Priority)
	if err != nil {
		return 0, err
	}
	return max(0, target.Resolution-sla.Elapsed(calendar, r.OpenedAt, r.PausedAt(), r.Pauses)), nil
}

// StrayInput names a message of ours that must not stand where it does.
type StrayInput struct {
	names.RequestInput
	TS string `json:"ts"`
}

// DeleteStray deletes a message of ours from the request's channel. One that is gone already is success.
func (a *Activities) DeleteStray(ctx context.Context, in StrayInput) error {
	f, err := a.face(ctx, in.RequestInput, "chat.delete", nil)
	if err != nil {
		return failure(err)
	}
	err = a.paced(ctx, f, "chat.delete", f.wait, func() error { return f.session.Delete(ctx, f.channel.SlackID, in.TS) })
	if refusedAs(err, slackapi.MessageGone) {
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
		_, err := tx.Project(ctx, in.Request, in.Progress)
		return err
	}))
}

// Erase destroys text and summary of a withdrawn request, keys first: that is the erasure; then it stores the state.
func (a *Activities) Erase(ctx context.Context, in StateInput) error {
	if err := a.Keys.DestroyRequestKeys(ctx, in.Workspace, in.Request, true, true); err != nil {
		return failure(err)
	}
	return failure(a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if err := tx.DeleteText(ctx, in.Request, helpdesk.ScopeOf(in.ClocksOff), a.Now()); err != nil {
			return err
		}
		_, err := tx.Project(ctx, in.Request, in.Progress)
		return err
	}))
}
