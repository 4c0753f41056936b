package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

func (tx *Tx) requestAD(id helpdesk.RequestID, column string) seal.AD {
	return seal.AD{Workspace: tx.workspace.String(), Table: "request", Column: column, Row: id.String()}
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

// ErrOrigin: another delivery of the same message opened the request first.
var ErrOrigin = errors.New("message has already opened a request")

// OpenRequest inserts a request under the workspace's next number, with its text sealed under key, and returns
// the number. [ErrOrigin] where the message already opened one.
func (tx *Tx) OpenRequest(ctx context.Context, r helpdesk.Request, text []byte, key seal.Key) (int64, error) {
	var number int64
	err := tx.tx.QueryRow(ctx, `
		with next as (
		  update tenant.workspace set last_number = last_number + 1 where workspace_id = $1 returning last_number)
		insert into tenant.request (workspace_id, request_id, number, channel_id, origin_ts, requester, files, opened_at, status)
		select $1, $2, last_number, $3, $4, $5, $6, $7, 'new' from next
		on conflict (workspace_id, channel_id, origin_ts) do nothing
		returning number`,
		tx.workspace, r.ID, r.Channel, r.OriginTS, r.Requester, r.Files, r.OpenedAt).Scan(&number)
	if errors.Is(err, pgx.ErrNoRows) {
		return 0, fmt.Errorf("open request %s: %w", r.ID, ErrOrigin) // the caller rolls back, so no number is lost
	}
	if err != nil {
		return 0, fmt.Errorf("open request %s: %w", r.ID, err)
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
	var firstDue, firstWarn, resDue, resWarn *time.Time
	err := tx.tx.QueryRow(ctx, `
		select number, channel_id, origin_ts, requester, files, opened_at, version, status, label, priority,
		       triaged_by, first_response_due, first_response_warn, resolution_due, resolution_warn, clocks_off,
		       receipt_ts, receipt_version
		from tenant.request where workspace_id = $1 and request_id = $2`, tx.workspace, id).
		Scan(&r.Number, &r.Channel, &r.OriginTS, &r.Requester, &r.Files, &r.OpenedAt, &r.Version, &r.Status, &r.Label,
			&r.Priority, &r.TriagedBy, &firstDue, &firstWarn, &resDue, &resWarn, &r.ClocksOff, &r.ReceiptTS, &r.ReceiptVer)
	if err != nil {
		return r, fmt.Errorf("load request %s: %w", id, notFound(err))
	}
	if firstDue != nil && resDue != nil {
		r.Deadlines = helpdesk.Deadlines{
			FirstResponse: helpdesk.Deadline{Due: *firstDue, WarnAt: *firstWarn},
			Resolution:    helpdesk.Deadline{Due: *resDue, WarnAt: *resWarn},
		}
	}
	return r, nil
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

// SaveTriage stores a triage with its deadlines as version, unless the row is already at that version or a later
// one; it reports whether it did.
func (tx *Tx) SaveTriage(ctx context.Context, id helpdesk.RequestID, version int64, t helpdesk.Triage, d helpdesk.Deadlines, key seal.Key) (bool, error) {
	tag, err := tx.tx.Exec(ctx, `
		update tenant.request
		set version = $3, label = $4, priority = $5, triaged_by = $6, summary = $7, first_response_due = $8,
		    first_response_warn = $9, resolution_due = $10, resolution_warn = $11
		where workspace_id = $1 and request_id = $2 and version < $3`,
		tx.workspace, id, version, t.Label, t.Priority, t.By, key.Seal([]byte(t.Summary), tx.requestAD(id, "summary")),
		d.FirstResponse.Due, d.FirstResponse.WarnAt, d.Resolution.Due, d.Resolution.WarnAt)
	if err != nil {
		return false, fmt.Errorf("save triage of request %s: %w", id, err)
	}
	return tag.RowsAffected() == 1, nil
}

// Project stores the workflow's state unless the row is as new or newer.
func (tx *Tx) Project(ctx context.Context, id helpdesk.RequestID, p helpdesk.Progress) error {
	d := p.Deadlines
	_, err := tx.tx.Exec(ctx, `
		update tenant.request
		set version = $3, status = $4, label = $5, priority = $6, triaged_by = $7, first_response_due = $8,
		    first_response_warn = $9, resolution_due = $10, resolution_warn = $11, clocks_off = $12
		where workspace_id = $1 and request_id = $2 and version < $3`,
		tx.workspace, id, p.Version, p.Status, p.Label, p.Priority, p.TriagedBy, d.FirstResponse.Due,
		d.FirstResponse.WarnAt, d.Resolution.Due, d.Resolution.WarnAt, p.ClocksOff)
	if err != nil {
		return fmt.Errorf("project request %s: %w", id, err)
	}
	return nil
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
func (tx *Tx) RecordReceipt(ctx context.Context, id helpdesk.RequestID, ts string, version int64) error {
	_, err := tx.tx.Exec(ctx, `
		update tenant.request set receipt_ts = $3, receipt_version = greatest(receipt_version, $4)
		where workspace_id = $1 and request_id = $2`, tx.workspace, id, ts, version)
	if err != nil {
		return fmt.Errorf("record receipt of request %s: %w", id, err)
	}
	return nil
}

// DeleteText deletes the sealed text and summary. The keys must be destroyed first: that is the erasure.
func (tx *Tx) DeleteText(ctx context.Context, id helpdesk.RequestID) error {
	if _, err := tx.tx.Exec(ctx, `delete from tenant.request_text where workspace_id = $1 and request_id = $2`, tx.workspace, id); err != nil {
		return fmt.Errorf("delete text of request %s: %w", id, err)
	}
	if _, err := tx.tx.Exec(ctx, `update tenant.request set summary = null where workspace_id = $1 and request_id = $2`, tx.workspace, id); err != nil {
		return fmt.Errorf("delete summary of request %s: %w", id, err)
	}
	return nil
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
