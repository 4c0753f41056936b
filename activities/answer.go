package activities

import (
	"context"
	"errors"
	"time"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/knowledge"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// matchTime is how long a triage looks into the knowledge base; the model's time is not touched.
const matchTime = 400 * time.Millisecond

// match looks for a good answer where the channel has answers on. Whatever fails, the triage goes on without.
func (a *Activities) match(ctx context.Context, m material, in names.RequestInput) helpdesk.Match {
	ctx, cancel := context.WithTimeout(ctx, matchTime)
	defer cancel()
	best, err := a.lookUp(ctx, m, in)
	if err != nil {
		a.Log.WarnContext(ctx, "knowledge base not looked into", "workspace_id", in.Workspace, "request_id", in.Request, "err", err)
	}
	if err != nil || !best.Good() {
		return helpdesk.Match{}
	}
	return helpdesk.Match{Entry: best.ID, Confidence: best.Confidence}
}

func (a *Activities) lookUp(ctx context.Context, m material, in names.RequestInput) (best knowledge.Scored, err error) {
	on := false
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		on, err = tx.OffersAnswers(ctx, m.request.Channel)
		return err
	})
	if err != nil || !on {
		return best, err
	}
	key, err := a.Keys.WorkspaceKey(ctx, in.Workspace)
	if err != nil {
		return best, err
	}
	message := knowledge.NewMessage(m.text)
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		found, err := tx.FindEntries(ctx, message.Stems(), key, knowledge.Candidates)
		if err == nil {
			best, _ = message.Best(found.Entries, knowledge.Counts{Entries: found.Active, With: found.With})
		}
		return err
	})
	return best, err
}

// OfferInput says which entry to offer on a request.
type OfferInput struct {
	names.RequestInput
	helpdesk.Match
}

// OfferResult says what came of it.
type OfferResult struct {
	Posted bool `json:"posted,omitempty"`
	// Stray is an offer that Slack put at the channel root because the message it answers is gone. It must be deleted at once.
	Stray string `json:"stray,omitempty"`
}

// offered is a face with the entry that is offered.
type offered struct {
	face
	entry helpdesk.Entry // zero where it is gone
	offer helpdesk.Offer // zero before it is posted
}

// offered reads a request and the entry; one that was offered before is the one.
func (a *Activities) offered(ctx context.Context, in names.RequestInput, id helpdesk.EntryID, method string) (o offered, err error) {
	var key seal.Key
	if key, err = a.Keys.WorkspaceKey(ctx, in.Workspace); err != nil {
		return o, err
	}
	o.face, err = a.face(ctx, in, method, func(tx *postgres.Tx) error {
		if o.offer, err = tx.Offer(ctx, in.Request); err != nil {
			return err
		}
		if o.offer.TS != "" {
			id = o.offer.Entry
		}
		if o.entry, err = tx.Entry(ctx, id, key); errors.Is(err, helpdesk.ErrNotFound) {
			o.entry, err = helpdesk.Entry{}, nil
		}
		return err
	})
	return o, err
}

// message is the offer as Slack gets it.
func (o offered) message(a blockkit.Answer) slackapi.Message {
	a.Request, a.Content = o.Request, o.entry.Content
	text, blocks := a.Render()
	return slackapi.Message{
		Channel: o.channel.SlackID, ThreadTS: o.shown.OriginTS, Text: text, Blocks: blocks, Operation: "answer/" + o.Request.String(),
	}
}

// OfferAnswer posts an entry in the request's thread, once, and counts it. Nothing is posted where the entry is no longer active, or
// somebody was faster: with an answer, or because the request ended.
func (a *Activities) OfferAnswer(ctx context.Context, in OfferInput) (OfferResult, error) {
	o, err := a.offered(ctx, in.RequestInput, in.Entry, "chat.postMessage")
	if err != nil {
		return OfferResult{}, failure(err)
	}
	r := o.shown.Request
	switch {
	case o.offer.TS != "":
		return OfferResult{Posted: true}, nil
	case !o.entry.Active || !r.Status.Open() || !r.RespondedAt.IsZero() || !r.Heard.AgentAt.IsZero():
		return OfferResult{}, nil
	}
	var posted slackapi.Posted
	err = a.paced(ctx, o.face, "chat.postMessage", o.wait, func() (err error) {
		posted, err = a.post(ctx, o.session, o.message(blockkit.Answer{Confidence: in.Confidence}), r.OpenedAt)
		return err
	})
	if err != nil {
		return OfferResult{}, failure(err)
	}
	if posted.ThreadTS == "" {
		return OfferResult{Stray: posted.TS}, nil
	}
	return OfferResult{Posted: true}, failure(a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		return tx.RecordOffer(ctx, in.Request, helpdesk.Offer{Entry: in.Entry, Confidence: in.Confidence, TS: posted.TS})
	}))
}

// SettleInput says what was pressed of an answer that was offered, and how its request stands.
type SettleInput struct {
	names.RequestInput
	Pressed   helpdesk.Action    `json:"pressed,omitempty"`
	Status    helpdesk.Status    `json:"status"`
	ClocksOff helpdesk.ClockStop `json:"clocks_off,omitempty"`
}

// SettleOffer takes the buttons from an answer that was offered, or the message where its request's is gone as well, and counts
// what was pressed. One that is not there any more is only counted.
func (a *Activities) SettleOffer(ctx context.Context, in SettleInput) error {
	o, err := a.offered(ctx, in.RequestInput, helpdesk.EntryID{}, "chat.update")
	if err != nil || o.offer.TS == "" {
		return failure(err)
	}
	o.shown.Status, o.shown.ClocksOff = in.Status, in.ClocksOff
	err = a.paced(ctx, o.face, "chat.update", o.wait, func() error {
		if orphaned(o.shown.Request) {
			return o.session.Delete(ctx, o.channel.SlackID, o.offer.TS)
		}
		return o.session.Update(ctx, o.offer.TS, o.message(blockkit.Answer{
			Confidence: o.offer.Confidence, Pressed: in.Pressed, Withdrawn: in.Status == helpdesk.Withdrawn,
		}))
	})
	if err != nil && !permanent[failureType(err)] {
		return failure(err)
	}
	if in.Pressed == "" {
		return nil
	}
	return failure(a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		return tx.RateOffer(ctx, in.Request, in.Pressed)
	}))
}
