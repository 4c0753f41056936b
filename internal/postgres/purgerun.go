package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Run is one run of a workflow that a purge has to delete. RunID is "" for the current one.
type Run struct{ WorkflowID, RunID string }

// ListRuns notes the workflows of requests after the given id, in id order, at most limit, and returns the last one's; the
// zero id where there is none left. A workflow's id is its request's behind a prefix.
func (tx *Tx) ListRuns(ctx context.Context, prefix string, after helpdesk.RequestID, limit int) (last helpdesk.RequestID, err error) {
	rows, err := tx.tx.Query(ctx, `
		select request_id from tenant.request where workspace_id = $1 and request_id > $2 order by request_id limit $3`,
		tx.workspace, after, limit)
	if err != nil {
		return last, fmt.Errorf("list workflows of workspace %s: %w", tx.workspace, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.RequestID])
	if err != nil || len(ids) == 0 {
		return last, err
	}
	runs := make([]Run, len(ids))
	for i, id := range ids {
		runs[i].WorkflowID = prefix + id.String()
	}
	return ids[len(ids)-1], tx.AddRuns(ctx, runs)
}

// AddRuns notes runs to delete. A run of a workflow whose current run is noted is left for later.
func (tx *Tx) AddRuns(ctx context.Context, runs []Run) error {
	workflows, ids := columns(runs)
	_, err := tx.tx.Exec(ctx, `
		insert into system.purge_run (workspace_id, workflow_id, run_id)
		select $1, w, r from unnest($2::text[], $3::text[]) as t(w, r)
		where not exists (select from system.purge_run p where p.workspace_id = $1 and p.workflow_id = t.w and p.run_id = '')
		on conflict do nothing`, tx.workspace, workflows, ids)
	if err != nil {
		return fmt.Errorf("note %d runs of workspace %s: %w", len(runs), tx.workspace, err)
	}
	return nil
}

// DueRuns lists runs to delete that nobody was asked to since the given time, the longest waiting first, at most limit; and
// how many there are in all.
func (tx *Tx) DueRuns(ctx context.Context, since time.Time, limit int) (runs []Run, left int64, err error) {
	rows, err := tx.tx.Query(ctx, `
		select workflow_id, run_id from system.purge_run where workspace_id = $1 and asked_at <= $2 order by asked_at limit $3`,
		tx.workspace, since, limit)
	if err == nil {
		runs, err = pgx.CollectRows(rows, pgx.RowToStructByPos[Run])
	}
	if err == nil {
		err = tx.tx.QueryRow(ctx, `select count(*) from system.purge_run where workspace_id = $1`, tx.workspace).Scan(&left)
	}
	if err != nil {
		return nil, 0, fmt.Errorf("list runs of workspace %s: %w", tx.workspace, err)
	}
	return runs, left, nil
}

// CountRuns says how many runs are left to delete, and how many of them Temporal was asked to.
func (tx *Tx) CountRuns(ctx context.Context) (left, asked int64, err error) {
	err = tx.tx.QueryRow(ctx, `
		select count(*), count(*) filter (where asked_at > 'epoch') from system.purge_run where workspace_id = $1`, tx.workspace).Scan(&left, &asked)
	if err != nil {
		return 0, 0, fmt.Errorf("count runs of workspace %s: %w", tx.workspace, err)
	}
	return left, asked, nil
}

// RecordRuns notes which runs Temporal has accepted to delete at now, counts each once for the purge, and forgets those that
// are gone. One that was gone before anybody asked, because Temporal's own retention was faster, is not counted.
func (tx *Tx) RecordRuns(ctx context.Context, asked, gone []Run, now time.Time) error {
	askedWorkflows, askedIDs := columns(asked)
	goneWorkflows, goneIDs := columns(gone)
	var batch pgx.Batch
	batch.Queue(`
		with due as (
		  select workflow_id, run_id, asked_at from system.purge_run p join unnest($2::text[], $3::text[]) as t(w, r)
		    on p.workflow_id = t.w and p.run_id = t.r
		  where p.workspace_id = $1 for update of p),
		counted as (
		  update system.purge set histories = histories + (select count(*) from due where asked_at = 'epoch')
		  where workspace_id = $1 and done_at is null and restored_at is null)
		update system.purge_run p set asked_at = $4 from due
		where p.workspace_id = $1 and p.workflow_id = due.workflow_id and p.run_id = due.run_id`,
		tx.workspace, askedWorkflows, askedIDs, now)
	batch.Queue(`
		delete from system.purge_run p using unnest($2::text[], $3::text[]) as t(w, r)
		where p.workspace_id = $1 and p.workflow_id = t.w and p.run_id = t.r`, tx.workspace, goneWorkflows, goneIDs)
	if err := tx.tx.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("record runs of workspace %s: %w", tx.workspace, err)
	}
	return nil
}

// CountQuiet notes whether a look for runs at now found none, and returns how often in a row that was so. A look counts only
// where the one that counted before it is at least apart ago, whichever process it was.
func (tx *Tx) CountQuiet(ctx context.Context, quiet bool, now time.Time, apart time.Duration) (times int, err error) {
	err = tx.tx.QueryRow(ctx, `
		update system.purge
		set quiet = case when not $2 then 0 when quiet_at <= $4 then quiet + 1 else quiet end,
		    quiet_at = case when not $2 or quiet_at <= $4 then $3 else quiet_at end
		where workspace_id = $1 and done_at is null and restored_at is null returning quiet`,
		tx.workspace, quiet, now, now.Add(-apart)).Scan(&times)
	if errors.Is(err, pgx.ErrNoRows) { // another process has ended the purge
		return 0, nil
	}
	if err != nil {
		return 0, fmt.Errorf("count quiet looks at workspace %s: %w", tx.workspace, err)
	}
	return times, nil
}

func columns(runs []Run) (workflows, ids []string) {
	workflows, ids = make([]string, len(runs)), make([]string, len(runs))
	for i, r := range runs {
		workflows[i], ids[i] = r.WorkflowID, r.RunID
	}
	return workflows, ids
}
