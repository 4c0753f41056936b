package postgres

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/sla"
)

func (tx *Tx) requestAD(id helpdesk.RequestID, column string) seal.AD {
	return requestAD(tx.workspace, id, column)
}

func requestAD(workspace helpdesk.WorkspaceID, id helpdesk.RequestID, column string) seal.AD {
	return seal.AD{Workspace: workspace.String(), Table: "request", Column: column, Row: id.String()}
}

// RequestByOrigin finds the request that a message opened. [helpdesk.ErrNotFound] where it opened none.
func (tx *Tx) RequestByOrigin(ctx context.Context, channel helpdesk.ChannelID, ts string) (helpdesk.RequestID, int64, error) {
	var id helpdesk.RequestID
	var number int64
	err := tx.tx.QueryRow(ctx, `
		select request_id, number from tenant.request
		where workspace_id = $1 and channel_id = $2 and origin_ts = $3`, tx.workspace, channel, ts).Scan(&id, &number)
	if err != nil {
		return id, 0, fmt.Errorf("find request by origin: %w", notFound(err))
	}
	return id, number, nil
}

// RequestByNumber finds a request by the number that people see. [helpdesk.ErrNotFound] where there is none.
func (tx *Tx) RequestByNumber(ctx context.Context, number int64) (helpdesk.Request, error) {
	var id helpdesk.RequestID
	err := tx.tx.QueryRow(ctx, `select request_id from tenant.request where workspace_id = $1 and number = $2`, tx.workspace, number).Scan(&id)
	if err != nil {
		return helpdesk.Request{}, fmt.Errorf("find request #%d: %w", number, notFound(err))
	}
	return tx.Request(ctx, id)
}

// ErrDeleted: its author deleted the message before it opened a request.
var ErrDeleted = errors.New("message was deleted")

// ErrOrigin: another delivery of the same message opened the request first.
var ErrOrigin = errors.New("message has already opened a request")

// OpenRequest inserts a request under the workspace's next number, with its text sealed under key, and returns
// the number. [ErrOrigin] where the message already opened one, [ErrDeleted] where it was deleted before.
func (tx *Tx) OpenRequest(ctx context.Context, r helpdesk.Request, text []byte, key seal.Key) (int64, error) {
	var number int64
	err := tx.tx.QueryRow(ctx, `
		with next as (
		  update tenant.workspace set last_number = last_number + 1 where workspace_id = $1
		  returning last_number, (settings->>'retention')::bigint / 1e9 as retention)
		insert into tenant.request (workspace_id, request_id, number, channel_id, origin_ts, requester, files, opened_at, status, scrub_at)
		select $1, $2, last_number, $3, $4, $5, $6, $7::timestamptz, 'new', $7::timestamptz + make_interval(secs => retention) from next
		on conflict (workspace_id, channel_id, origin_ts) do nothing
		returning number`,
		tx.workspace, r.ID, r.Channel, r.OriginTS, r.Requester, r.Files, r.OpenedAt).Scan(&number)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("open request %s: %w", r.ID, ErrOrigin) // the caller rolls back, so no number is lost
	}
	if err != nil {
		return 0, fmt.Errorf("open request %s: %w", r.ID, err)
	}
	// Asked after the workspace's row was locked, by a statement of its own, so that a deletion is either seen or sees us.
	if buried, err := tx.buried(ctx, r.Channel, r.OriginTS); err != nil {
		return 0, err
	} else if buried {
		return 0, fmt.Errorf("open request %s: %w", r.ID, ErrDeleted)
	}
	_, err = tx.tx.Exec(ctx, `insert into tenant.request_text (workspace_id, request_id, sealed) values ($1, $2, $3)`,
		tx.workspace, r.ID, key.Seal(text, tx.requestAD(r.ID, "text")))
	if err != nil {
		return 0, fmt.Errorf("store text of request %s: %w", r.ID, err)
	}
	return number, nil
}

// Request loads one request.
func (tx *Tx) Request(ctx context.Context, id helpdesk.RequestID) (helpdesk.Request, error) {
	r := helpdesk.Request{ID: id}
	d := &r.Deadlines
	err := tx.tx.QueryRow(ctx, `
		select number, channel_id, origin_ts, requester, files, opened_at, link, scrub_at, scrubbed_at,
		       version, status, label, priority, triaged_by, checks, triaged_with, assignee,
		       first_response_due, first_response_warn, resolution_due, resolution_warn, was,
		       responded_at, no_response, resolved_at, pauses, clocks_off, kin,
		       agent_at, agent_by, requester_at, asked_at, others, edited_ts,
		       receipt_ts, receipt_version, card_channel, card_ts, card_version
		from tenant.request where workspace_id = $1 and request_id = $2`, tx.workspace, id).
		Scan(&r.Number, &r.Channel, &r.OriginTS, &r.Requester, &r.Files, &r.OpenedAt, &r.Link, null(&r.ScrubAt), null(&r.ScrubbedAt),
			&r.Version, &r.Status, &r.Label, &r.Priority, &r.TriagedBy, &r.Checks, &r.TriagedWith, &r.Assignee,
			null(&d.FirstResponse.Due), null(&d.FirstResponse.WarnAt), null(&d.Resolution.Due), null(&d.Resolution.WarnAt), &r.Was,
			null(&r.RespondedAt), &r.NoResponse, null(&r.ResolvedAt), &r.Pauses, &r.ClocksOff, &r.Kin,
			null(&r.Heard.AgentAt), &r.Heard.AgentBy, null(&r.Heard.RequesterAt), null(&r.Heard.AskedAt), &r.Heard.Others, &r.Heard.EditedTS,
			&r.ReceiptAt.TS, &r.ReceiptAt.Version, &r.CardAt.Channel, &r.CardAt.TS, &r.CardAt.Version)
	if err != nil {
		return r, fmt.Errorf("load request %s: %w", id, notFound(err))
	}
	return r, nil
}

// null scans a time that is null into the zero time.
func null(t *time.Time) sql.Scanner { return (*nullTime)(t) }

type nullTime time.Time

func (t *nullTime) Scan(v any) error {
	if v == nil {
		*t = nullTime{}
		return nil
	}
	at, ok := v.(time.Time)
	if !ok {
		return fmt.Errorf("scan time: got %T", v)
	}
	*t = nullTime(at.UTC())
	return nil
}

// orNull stores the zero time as null.
func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

// RequestText opens the original text. [helpdesk.ErrErased] where it is gone.
func (tx *Tx) RequestText(ctx context.Context, id helpdesk.RequestID, key seal.Key) ([]byte, error) {
	var sealed []byte
	err := tx.tx.QueryRow(ctx, `
		select sealed from tenant.request_text where workspace_id = $1 and request_id = $2`, tx.workspace, id).Scan(&sealed)
	if errors.Is(err, pgx.ErrNoRows) {
		return nil, fmt.Errorf("load text of request %s: %w", id, helpdesk.ErrErased)
	}
	if err != nil {
		return nil, fmt.Errorf("load text of request %s: %w", id, err)
	}
	text, err := key.Open(sealed, tx.requestAD(id, "text"))
	if err != nil {
		return nil, fmt.Errorf("open text of request %s: %w", id, err)
	}
	return text, nil
}

// Summary opens the summary of a request; "" where there is none yet.
func (tx *Tx) Summary(ctx context.Context, id helpdesk.RequestID, key seal.Key) (string, error) {
	var sealed []byte
	err := tx.tx.QueryRow(ctx, `
		select summary from tenant.request where workspace_id = $1 and request_id = $2`, tx.workspace, id).Scan(&sealed)
	if err != nil {
		return "", fmt.Errorf("load summary of request %s: %w", id, notFound(err))
	}
	if sealed == nil {
		return "", nil
	}
	summary, err := key.Open(sealed, tx.requestAD(id, "summary"))
	if err != nil {
		return "", fmt.Errorf("open summary of request %s: %w", id, err)
	}
	return string(summary), nil
}

// Project stores the workflow's state unless the row is as new or newer; it reports whether it did. What a machine said last
// stays beside what a person has decided since.
func (tx *Tx) Project(ctx context.Context, id helpdesk.RequestID, p helpdesk.Progress) (bool, error) {
	d := p.Deadlines
	pauses := p.Pauses
	if pauses == nil {
		pauses = []sla.Pause{}
	}
	checks := p.Checks
	if checks == nil {
		checks = []helpdesk.Check{}
	}
	tag, err := tx.tx.Exec(ctx, `
		update tenant.request
		set version = $3, status = $4, label = $5, priority = $6, triaged_by = $7, assignee = $8,
		    first_response_due = $9, first_response_warn = $10, resolution_due = $11, resolution_warn = $12, was = $13,
		    responded_at = $14, no_response = $15, resolved_at = $16, pauses = $17, clocks_off = $18,
		    checks = $19, triaged_with = $20, kin = $21, duplicate_of = $22,
		    machine_label = case when $7 = $23 then machine_label else $5 end, machine_by = case when $7 = $23 then machine_by else $7 end
		where workspace_id = $1 and request_id = $2 and version < $3`,
		tx.workspace, id, p.Version, p.Status, p.Label, p.Priority, p.TriagedBy, p.Assignee,
		orNull(d.FirstResponse.Due), orNull(d.FirstResponse.WarnAt), orNull(d.Resolution.Due), orNull(d.Resolution.WarnAt), p.Was,
		orNull(p.RespondedAt), p.NoResponse, orNull(p.ResolvedAt), pauses, p.ClocksOff, checks, p.TriagedWith, p.Kin, original(p.Kin), helpdesk.ByHuman)
	if err != nil {
		return false, fmt.Errorf("project request %s: %w", id, err)
	}
	return tag.RowsAffected() == 1, nil
}

// original is what a duplicate follows; null where it follows none.
func original(k helpdesk.Kin) *helpdesk.RequestID {
	if !k.Duplicate() {
		return nil
	}
	return &k.Original.ID
}

// SaveSummary replaces the summary, unless a person has decided since.
func (tx *Tx) SaveSummary(ctx context.Context, id helpdesk.RequestID, summary string, key seal.Key) error {
	_, err := tx.tx.Exec(ctx, `
		update tenant.request set summary = $3 where workspace_id = $1 and request_id = $2 and triaged_by <> $4`,
		tx.workspace, id, key.Seal([]byte(summary), tx.requestAD(id, "summary")), helpdesk.ByHuman)
	if err != nil {
		return fmt.Errorf("save summary of request %s: %w", id, err)
	}
	return nil
}

// RecordReceipt stores where the receipt is and which version it shows.
func (tx *Tx) RecordReceipt(ctx context.Context, id helpdesk.RequestID, at helpdesk.Posted) error {
	_, err := tx.tx.Exec(ctx, `
		update tenant.request set receipt_ts = $3, receipt_version = greatest(receipt_version, $4)
		where workspace_id = $1 and request_id = $2`, tx.workspace, id, at.TS, at.Version)
	if err != nil {
		return fmt.Errorf("record receipt of request %s: %w", id, err)
	}
	return nil
}

// RecordCard stores where the staff card is and which version it shows.
func (tx *Tx) RecordCard(ctx context.Context, id helpdesk.RequestID, at helpdesk.Posted) error {
	_, err := tx.tx.Exec(ctx, `
		update tenant.request set card_channel = $3, card_ts = $4, card_version = greatest(card_version, $5)
		where workspace_id = $1 and request_id = $2`, tx.workspace, id, at.Channel, at.TS, at.Version)
	if err != nil {
		return fmt.Errorf("record staff card of request %s: %w", id, err)
	}
	return nil
}

// RecordLink stores the address of the request's thread in Slack.
func (tx *Tx) RecordLink(ctx context.Context, id helpdesk.RequestID, link string) error {
	_, err := tx.tx.Exec(ctx, `update tenant.request set link = $3 where workspace_id = $1 and request_id = $2`, tx.workspace, id, link)
	if err != nil {
		return fmt.Errorf("record link of request %s: %w", id, err)
	}
	return nil
}

// Scrub deletes the sealed text of requests whose retention is over, and records when. The keys must be destroyed first:
// that is the erasure. Harmless when repeated.
func (tx *Tx) Scrub(ctx context.Context, at time.Time, ids ...helpdesk.RequestID) error {
	texts, err := tx.deleteTexts(ctx, at, ids)
	if err != nil || texts == 0 {
		return err
	}
	return tx.recordScrubs(ctx, at, texts)
}

func (tx *Tx) deleteTexts(ctx context.Context, at time.Time, ids []helpdesk.RequestID) (int64, error) {
	tag, err := tx.tx.Exec(ctx, `delete from tenant.request_text where workspace_id = $1 and request_id = any($2)`, tx.workspace, ids)
	if err != nil {
		return 0, fmt.Errorf("scrub %d requests: %w", len(ids), err)
	}
	if _, err := tx.tx.Exec(ctx, `
		update tenant.request set scrubbed_at = $3
		where workspace_id = $1 and request_id = any($2) and scrubbed_at is null`, tx.workspace, ids, at); err != nil {
		return 0, fmt.Errorf("scrub %d requests: %w", len(ids), err)
	}
	return tag.RowsAffected(), nil
}

// DeleteText deletes the sealed text and summary of a withdrawn request. The keys must be destroyed first: that is the
// erasure. Harmless when repeated.
func (tx *Tx) DeleteText(ctx context.Context, id helpdesk.RequestID, scope helpdesk.ErasureScope, at time.Time) error {
	texts, err := tx.deleteTexts(ctx, at, []helpdesk.RequestID{id})
	if err != nil {
		return err
	}
	tag, err := tx.tx.Exec(ctx, `
		update tenant.request set summary = null, example = null where workspace_id = $1 and request_id = $2 and summary is not null`, tx.workspace, id)
	if err != nil {
		return fmt.Errorf("delete summary of request %s: %w", id, err)
	}
	if texts+tag.RowsAffected() == 0 {
		return nil
	}
	return tx.recordErasure(ctx, scope, at, texts, tag.RowsAffected())
}

// DueScrubs lists requests whose text has outlived its deadline at the given time, the oldest first, at most limit.
func (tx *Tx) DueScrubs(ctx context.Context, at time.Time, limit int) ([]helpdesk.RequestID, error) {
	rows, err := tx.tx.Query(ctx, `
		select request_id from tenant.request
		where workspace_id = $1 and scrubbed_at is null and scrub_at <= $2 order by scrub_at limit $3`, tx.workspace, at, limit)
	if err != nil {
		return nil, fmt.Errorf("list texts to scrub: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.RequestID])
	if err != nil {
		return nil, fmt.Errorf("list texts to scrub: %w", err)
	}
	return ids, nil
}

// Unknown tells which of some ids are no requests of the workspace.
func (tx *Tx) Unknown(ctx context.Context, ids []helpdesk.RequestID) ([]helpdesk.RequestID, error) {
	rows, err := tx.tx.Query(ctx, `
		select id from unnest($2::uuid[]) as t(id)
		where not exists (select from tenant.request r where r.workspace_id = $1 and r.request_id = t.id)`, tx.workspace, ids)
	if err != nil {
		return nil, fmt.Errorf("look for %d requests: %w", len(ids), err)
	}
	unknown, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.RequestID])
	if err != nil {
		return nil, fmt.Errorf("look for %d requests: %w", len(ids), err)
	}
	return unknown, nil
}

// OpenRequests lists the open requests of a channel after the given id, in id order, at most limit.
func (tx *Tx) OpenRequests(ctx context.Context, channel helpdesk.ChannelID, after helpdesk.RequestID, limit int) ([]helpdesk.RequestID, error) {
	rows, err := tx.tx.Query(ctx, `
		select request_id from tenant.request
		where workspace_id = $1 and channel_id = $2 and request_id > $3 and status in ('new', 'in_progress', 'waiting')
		order by request_id limit $4`, tx.workspace, channel, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list open requests of channel %s: %w", channel, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.RequestID])
	if err != nil {
		return nil, fmt.Errorf("list open requests of channel %s: %w", channel, err)
	}
	return ids, nil
}
