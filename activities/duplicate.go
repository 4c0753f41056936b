package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// OriginalInput asks whether a request may become a duplicate of another one.
type OriginalInput struct {
	names.RequestInput
	Of helpdesk.RequestID `json:"of"`
}

// OriginalResult is the request to follow, in the version that said so, or why there is none.
type OriginalResult struct {
	helpdesk.Peer
	Version int64           `json:"version,omitempty"`
	Refused helpdesk.Reason `json:"refused,omitempty"`
}

// Original finds what a request is to follow that is a duplicate of a given one: that, or what that is itself a duplicate of.
func (a *Activities) Original(ctx context.Context, in OriginalInput) (o OriginalResult, err error) {
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		this, err := tx.Request(ctx, in.Request)
		if err != nil {
			return err
		}
		of, err := tx.Request(ctx, in.Of)
		if err == nil && of.Kin.Duplicate() {
			of, err = tx.Request(ctx, of.Kin.Original.ID)
		}
		switch {
		case errors.Is(err, helpdesk.ErrNotFound): // or another workspace's
			o.Refused = helpdesk.ReasonUnknown
			return nil
		case err != nil:
			return err
		case !of.Before(this):
			o.Refused = helpdesk.ReasonLater
		case !of.Status.Open() || of.ClocksOff != "":
			o.Refused = helpdesk.ReasonOriginalOver
		}
		o.Peer, o.Version = helpdesk.Peer{ID: of.ID, Number: of.Number}, of.Version
		return nil
	})
	return o, failure(err)
}

// ResolvedInput says that a request was resolved at a time with its original, or an original with its duplicates.
type ResolvedInput struct {
	names.RequestInput
	Original   helpdesk.Peer   `json:"original,omitzero"`
	Duplicates []helpdesk.Peer `json:"duplicates,omitempty"`
	At         time.Time       `json:"at"`
}

// ResolvedResult says what came of it; for Stray see [ReceiptResult].
type ResolvedResult struct {
	Stray string `json:"stray,omitempty"`
}

// TellResolved writes in the thread of a request, to its requester, that it was resolved with its original, or with its
// duplicates.
func (a *Activities) TellResolved(ctx context.Context, in ResolvedInput) (ResolvedResult, error) {
	f, err := a.face(ctx, in.RequestInput, "chat.postMessage", nil)
	if err != nil {
		return ResolvedResult{}, failure(err)
	}
	if f.shown.Status == helpdesk.Withdrawn {
		return ResolvedResult{}, nil // there is nobody to tell
	}
	text, blocks := blockkit.Together{Request: f.shown, Original: in.Original, Duplicates: in.Duplicates}.Render()
	m := slackapi.Message{
		Channel: f.channel.SlackID, ThreadTS: f.shown.OriginTS, Text: text, Blocks: blocks,
		Operation: fmt.Sprintf("resolved/%s/%d", in.Request, in.At.UnixMicro()),
	}
	var posted slackapi.Posted
	err = a.paced(ctx, f, "chat.postMessage", f.wait, func() (err error) {
		posted, err = a.post(ctx, f.session, m, in.At)
		return err
	})
	if err != nil || posted.ThreadTS != "" {
		return ResolvedResult{}, failure(err)
	}
	return ResolvedResult{Stray: posted.TS}, nil
}
