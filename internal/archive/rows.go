package archive

import (
	"context"
	"errors"
	"fmt"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/sla"
)

const (
	pageSize    = 500 // rows of a sheet at a time
	requestSize = 50  // requests at a time: each is opened with its own keys
)

// sheet reads a sheet page by page.
func (e *export) sheet(s postgres.Sheet) rows {
	return func(ctx context.Context, columns func([]string) error, row func([]any) error) (n int64, err error) {
		for after := ""; ; {
			var page postgres.Page
			err := e.Store.InWorkspace(ctx, e.workspace, func(tx *postgres.Tx) (err error) {
				page, err = tx.SheetPage(ctx, s, e.person, after, pageSize)
				return err
			})
			if err != nil {
				return n, err
			}
			if after == "" {
				if err := columns(page.Columns); err != nil {
					return n, err
				}
			}
			for _, values := range page.Rows {
				if err := row(values); err != nil {
					return n, err
				}
				n++
			}
			if err := e.progress(ctx, e.tally()); err != nil {
				return n, err
			}
			if len(page.Rows) < pageSize {
				return n, nil
			}
			after = page.After
		}
	}
}

// requestColumns are those of the requests, in the order of [opened.values].
var requestColumns = []string{
	"number", "id", "channel", "ts", "requester", "opened_at", "files", "status", "label", "priority", "triaged_by", "triaged_with", "to_check", "assignee",
	"first_response_due", "first_response_at", "first_response_by", "resolution_due", "resolved_at", "pauses", "clocks_cancelled",
	"requester_last_wrote_at", "link", "duplicate_of", "text_state", "text", "summary",
}

// opened is a request with what could be opened of it.
type opened struct {
	helpdesk.Request
	channel       string
	text, summary any // nil where it is gone
}

func (o opened) values() []any {
	return []any{
		o.Number, o.ID.String(), o.channel, o.OriginTS, o.Requester, o.OpenedAt, o.Files, string(o.Status), o.Label, string(o.Priority),
		string(o.TriagedBy), o.TriagedWith, checks(o.Checks), o.Assignee, o.Due(helpdesk.FirstResponse), o.RespondedAt, o.Heard.AgentBy, o.Due(helpdesk.Resolution),
		o.ResolvedAt, pauses(o.Pauses), string(o.ClocksOff), o.Heard.RequesterAt, o.Link, original(o.Kin), o.TextState(), o.text, o.summary,
	}
}

func checks(c []helpdesk.Check) any {
	if len(c) == 0 {
		return nil
	}
	return c
}

// original is the number of what a request is a duplicate of.
func original(k helpdesk.Kin) any {
	if !k.Duplicate() {
		return nil
	}
	return k.Original.Number
}

func pauses(p []sla.Pause) any {
	if len(p) == 0 {
		return nil
	}
	return p
}

// requests reads the requests. They are counted once, though written in every format.
func (e *export) requests(f format) rows {
	counts := f.extension == asJSON.extension
	return func(ctx context.Context, columns func([]string) error, row func([]any) error) (n int64, err error) {
		if err := columns(requestColumns); err != nil {
			return 0, err
		}
		for after := int64(0); ; {
			page, err := e.open(ctx, after)
			if err != nil || len(page) == 0 {
				return n, err
			}
			for _, r := range page {
				if err := row(r.values()); err != nil {
					return n, err
				}
				n++
				if counts {
					e.count(r)
				}
			}
			if err := e.progress(ctx, e.tally()); err != nil {
				return n, err
			}
			after = page[len(page)-1].Number
		}
	}
}

func (e *export) count(r opened) {
	e.Requests++
	if r.text != nil {
		e.Texts++
	} else {
		e.Removed++
	}
	if r.summary != nil {
		e.Summaries++
	}
}

// open loads the next requests, keys first: one whose key goes in between reads as removed.
func (e *export) open(ctx context.Context, after int64) ([]opened, error) {
	var ids []helpdesk.RequestID
	err := e.Store.InWorkspace(ctx, e.workspace, func(tx *postgres.Tx) (err error) {
		ids, err = tx.RequestPage(ctx, e.person, after, requestSize)
		return err
	})
	if err != nil {
		return nil, err
	}
	keys := make([]keystore.RequestKeys, len(ids))
	for i, id := range ids {
		if keys[i], err = e.Keys.RequestKeys(ctx, e.workspace, id); err != nil && !errors.Is(err, helpdesk.ErrErased) {
			return nil, err
		}
	}
	page := make([]opened, len(ids))
	err = e.Store.InWorkspace(ctx, e.workspace, func(tx *postgres.Tx) error {
		for i, id := range ids {
			if page[i], err = e.load(ctx, tx, id, keys[i]); err != nil {
				return fmt.Errorf("export request %s: %w", id, err)
			}
		}
		return nil
	})
	return page, err
}

func (e *export) load(ctx context.Context, tx *postgres.Tx, id helpdesk.RequestID, keys keystore.RequestKeys) (o opened, err error) {
	if o.Request, err = tx.Request(ctx, id); err != nil {
		return o, err
	}
	if o.channel, err = e.channelOf(ctx, tx, o.Channel); err != nil {
		return o, err
	}
	if keys.HasText {
		text, err := tx.RequestText(ctx, id, keys.Text)
		switch {
		case err == nil:
			o.text = string(text)
		case !errors.Is(err, helpdesk.ErrErased):
			return o, err
		}
	}
	if keys.HasSummary {
		summary, err := tx.Summary(ctx, id, keys.Summary)
		if err != nil {
			return o, err
		}
		if summary != "" {
			o.summary = summary
		}
	}
	return o, nil
}

// channelOf is the id of a channel in Slack.
func (e *export) channelOf(ctx context.Context, tx *postgres.Tx, id helpdesk.ChannelID) (string, error) {
	if known, ok := e.channels[id]; ok {
		return known, nil
	}
	c, err := tx.Channel(ctx, id)
	e.channels[id] = c.SlackID
	return c.SlackID, err
}
