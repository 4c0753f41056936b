package postgres

import (
	"context"
	"errors"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// SLAEvent loads what is known of one level of one clock; its Outcome is "" where nothing is.
func (tx *Tx) SLAEvent(ctx context.Context, id helpdesk.RequestID, clock helpdesk.Clock, kind helpdesk.NoticeKind) (helpdesk.SLAEvent, error) {
	e := helpdesk.SLAEvent{Clock: clock, Kind: kind}
	err := tx.tx.QueryRow(ctx, `
		select due, sent, recipients, outcome from tenant.sla_event
		where workspace_id = $1 and request_id = $2 and clock = $3 and kind = $4`, tx.workspace, id, clock, kind).
		Scan(&e.Due, null(&e.Sent), &e.Recipients, &e.Outcome)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return e, fmt.Errorf("load SLA event of request %s: %w", id, err)
	}
	return e, nil
}

// PutSLAEvent stores what is known of one level of one clock.
func (tx *Tx) PutSLAEvent(ctx context.Context, id helpdesk.RequestID, e helpdesk.SLAEvent) error {
	_, err := tx.tx.Exec(ctx, `
		insert into tenant.sla_event (workspace_id, request_id, clock, kind, due, sent, recipients, outcome)
		values ($1, $2, $3, $4, $5, $6, $7, $8)
		on conflict (workspace_id, request_id, clock, kind) do update
		set sent = excluded.sent, recipients = excluded.recipients, outcome = excluded.outcome`,
		tx.workspace, id, e.Clock, e.Kind, e.Due, orNull(e.Sent), e.Recipients, e.Outcome)
	if err != nil {
		return fmt.Errorf("store SLA event of request %s: %w", id, err)
	}
	return nil
}

// Notices are the messages of one notice.
func (tx *Tx) Notices(ctx context.Context, id helpdesk.RequestID, clock helpdesk.Clock, kind helpdesk.NoticeKind) ([]helpdesk.Notice, error) {
	rows, err := tx.tx.Query(ctx, `
		select recipient, state, repeated, channel, ts, thread_ts from tenant.notice
		where workspace_id = $1 and request_id = $2 and clock = $3 and kind = $4`, tx.workspace, id, clock, kind)
	if err != nil {
		return nil, fmt.Errorf("list notices of request %s: %w", id, err)
	}
	notices, err := pgx.CollectRows(rows, pgx.RowToStructByPos[helpdesk.Notice])
	if err != nil {
		return nil, fmt.Errorf("list notices of request %s: %w", id, err)
	}
	return notices, nil
}

// PutNotice stores the state of one message of a notice.
func (tx *Tx) PutNotice(ctx context.Context, id helpdesk.RequestID, clock helpdesk.Clock, kind helpdesk.NoticeKind, n helpdesk.Notice) error {
	_, err := tx.tx.Exec(ctx, `
		insert into tenant.notice (workspace_id, request_id, clock, kind, recipient, state, repeated, channel, ts, thread_ts)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
		on conflict (workspace_id, request_id, clock, kind, recipient) do update
		set state = excluded.state, repeated = excluded.repeated, channel = excluded.channel, ts = excluded.ts,
			thread_ts = excluded.thread_ts`,
		tx.workspace, id, clock, kind, n.Recipient, n.State, n.Repeated, n.Channel, n.TS, n.ThreadTS)
	if err != nil {
		return fmt.Errorf("store notice of request %s: %w", id, err)
	}
	return nil
}
