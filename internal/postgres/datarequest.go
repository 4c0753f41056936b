package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

const selectDataRequest = `
	select data_request_id, kind, law, person, pseudonym, certificate_id, asked_by, asked_at, due_at, step, signalled, quiet_at,
	       requests, texts, summaries, roles, deliveries, names, done_at, outcome
	from tenant.data_request `

func scanDataRequest(row pgx.CollectableRow) (d helpdesk.DataRequest, err error) {
	err = row.Scan(&d.ID, &d.Kind, &d.Law, &d.Person, &d.Pseudonym, &d.Certificate, &d.AskedBy, null(&d.AskedAt), null(&d.DueAt),
		&d.Step, &d.Signalled, null(&d.QuietAt), &d.Requests, &d.Texts, &d.Summaries, &d.Roles, &d.Deliveries, &d.Names,
		null(&d.DoneAt), &d.Outcome)
	return d, err
}

// BeginDataRequest stores a data request and returns it. Where the same is asked of the same person, and not yet answered, it
// is the earlier one: the law's time runs from that, and it does not end before the transaction does.
func (tx *Tx) BeginDataRequest(ctx context.Context, d helpdesk.DataRequest) (stored helpdesk.DataRequest, begun bool, err error) {
	tag, err := tx.tx.Exec(ctx, `
		insert into tenant.data_request (workspace_id, data_request_id, kind, law, person, pseudonym, asked_by, asked_at, due_at, step)
		values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10) on conflict do nothing`,
		tx.workspace, d.ID, d.Kind, d.Law, d.Person, d.Pseudonym, d.AskedBy, d.AskedAt, d.DueAt, d.Step)
	if err != nil {
		return d, false, fmt.Errorf("begin data request %s: %w", d.ID, err)
	}
	if tag.RowsAffected() == 1 {
		stored, err = tx.DataRequest(ctx, d.ID)
		return stored, true, err
	}
	rows, err := tx.tx.Query(ctx, selectDataRequest+`
		where workspace_id = $1 and kind = $2 and person = $3 and done_at is null for update`, tx.workspace, d.Kind, d.Person)
	if err == nil {
		stored, err = pgx.CollectExactlyOneRow(rows, scanDataRequest)
	}
	if err != nil {
		return d, false, fmt.Errorf("begin data request %s: %w", d.ID, notFound(err))
	}
	return stored, false, nil
}

// DataRequest loads a data request. [helpdesk.ErrNotFound] where there is none.
func (tx *Tx) DataRequest(ctx context.Context, id helpdesk.DataRequestID) (d helpdesk.DataRequest, err error) {
	rows, err := tx.tx.Query(ctx, selectDataRequest+`where workspace_id = $1 and data_request_id = $2`, tx.workspace, id)
	if err == nil {
		d, err = pgx.CollectExactlyOneRow(rows, scanDataRequest)
	}
	if err != nil {
		return d, fmt.Errorf("load data request %s: %w", id, notFound(err))
	}
	return d, nil
}

// DataRequests lists the data requests of the workspace, those not yet answered first, at most limit.
func (tx *Tx) DataRequests(ctx context.Context, limit int) ([]helpdesk.DataRequest, error) {
	rows, err := tx.tx.Query(ctx, selectDataRequest+`
		where workspace_id = $1 order by done_at is not null, asked_at desc limit $2`, tx.workspace, limit)
	if err != nil {
		return nil, fmt.Errorf("list data requests of workspace %s: %w", tx.workspace, err)
	}
	found, err := pgx.CollectRows(rows, scanDataRequest)
	if err != nil {
		return nil, fmt.Errorf("list data requests of workspace %s: %w", tx.workspace, err)
	}
	return found, nil
}

// StepDataRequest notes at which step a data request is.
func (tx *Tx) StepDataRequest(ctx context.Context, id helpdesk.DataRequestID, step helpdesk.DataStep) error {
	return tx.changeDataRequest(ctx, id, `step = $3`, step)
}

// TallyDataRequest notes how many requests, texts and summaries an export holds so far.
func (tx *Tx) TallyDataRequest(ctx context.Context, id helpdesk.DataRequestID, t helpdesk.PersonTally) error {
	return tx.changeDataRequest(ctx, id, `requests = $3, texts = $4, summaries = $5`, t.Requests, t.Texts, t.Summaries)
}

// FinishDataRequest ends a data request; the first outcome counts. [helpdesk.ErrNotFound] where it has ended before.
func (tx *Tx) FinishDataRequest(ctx context.Context, id helpdesk.DataRequestID, outcome helpdesk.DataOutcome, now time.Time) error {
	return tx.changeDataRequest(ctx, id, `step = 'done', outcome = $3, done_at = $4`, outcome, now)
}

func (tx *Tx) changeDataRequest(ctx context.Context, id helpdesk.DataRequestID, set string, args ...any) error {
	tag, err := tx.tx.Exec(ctx, `
		update tenant.data_request set `+set+` where workspace_id = $1 and data_request_id = $2 and done_at is null`,
		append([]any{tx.workspace, id}, args...)...)
	if err == nil && tag.RowsAffected() == 0 {
		err = helpdesk.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("change data request %s: %w", id, err)
	}
	return nil
}
