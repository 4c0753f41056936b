package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// recordScrubs adds to what was scrubbed on a UTC day, in the transaction that deletes. Where the day is certified already,
// because the scrub came late, it counts for the next day that is not.
func (tx *Tx) recordScrubs(ctx context.Context, at time.Time, texts int64) error {
	for day := at.UTC(); ; day = day.Add(24 * time.Hour) {
		tag, err := tx.tx.Exec(ctx, `
			insert into tenant.erasure as e (workspace_id, scope, day, texts, summaries, started_at, ended_at)
			values ($1, 'retention', $2, $3, 0, $4, $4)
			on conflict (workspace_id, day) do update
			set texts = e.texts + $3, started_at = least(e.started_at, $4), ended_at = greatest(e.ended_at, $4)
			where e.certified_at is null`, tx.workspace, day.Format(time.DateOnly), texts, at)
		if err != nil {
			return fmt.Errorf("record scrubs of workspace %s: %w", tx.workspace, err)
		}
		if tag.RowsAffected() == 1 {
			return nil
		}
	}
}

// recordErasure records one erasure that is not by retention, in the transaction that deletes.
func (tx *Tx) recordErasure(ctx context.Context, scope helpdesk.ErasureScope, at time.Time, texts, summaries int64) error {
	_, err := tx.tx.Exec(ctx, `
		insert into tenant.erasure (workspace_id, scope, texts, summaries, started_at, ended_at) values ($1, $2, $3, $4, $5, $5)`,
		tx.workspace, scope, texts, summaries, at)
	if err != nil {
		return fmt.Errorf("record erasure in workspace %s: %w", tx.workspace, err)
	}
	return nil
}

// Uncertified lists erasures that have no certificate yet, the oldest first, at most limit: those by retention of the UTC
// days before now's, and all others.
func (tx *Tx) Uncertified(ctx context.Context, now time.Time, limit int) ([]helpdesk.Erasure, error) {
	rows, err := tx.tx.Query(ctx, `
		select erasure_id, scope, texts, summaries, started_at, ended_at from tenant.erasure
		where workspace_id = $1 and certified_at is null and (day is null or day < $2) order by ended_at limit $3`,
		tx.workspace, now.UTC().Format(time.DateOnly), limit)
	if err != nil {
		return nil, fmt.Errorf("list erasures of workspace %s: %w", tx.workspace, err)
	}
	found, err := pgx.CollectRows(rows, pgx.RowToStructByPos[helpdesk.Erasure])
	if err != nil {
		return nil, fmt.Errorf("list erasures of workspace %s: %w", tx.workspace, err)
	}
	return found, nil
}

// MarkCertified notes that an erasure has its certificate. [helpdesk.ErrNotFound] where it had one.
func (tx *Tx) MarkCertified(ctx context.Context, id helpdesk.ErasureID, now time.Time) error {
	tag, err := tx.tx.Exec(ctx, `
		update tenant.erasure set certified_at = $3 where workspace_id = $1 and erasure_id = $2 and certified_at is null`, tx.workspace, id, now)
	if err == nil && tag.RowsAffected() == 0 {
		err = helpdesk.ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("mark erasure %s: %w", id, err)
	}
	return nil
}
