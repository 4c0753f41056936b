package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Reserve takes a place for one call of a Slack method at now, at most perMinute times a minute after a burst; zero
// perMinute sets no pace of ours. Where none is free, or Slack has said to wait, it takes none and returns how long to
// wait. All workers share it.
func (tx *Tx) Reserve(ctx context.Context, method string, now time.Time, perMinute, burst int) (wait time.Duration, err error) {
	var free, blocked time.Time
	err = tx.tx.QueryRow(ctx, `
		select free_at, greatest(blocked, $3) from tenant.slack_limit where workspace_id = $1 and method = $2`,
		tx.workspace, method, now).Scan(&free, &blocked)
	switch {
	case err != nil && !errors.Is(err, pgx.ErrNoRows):
		return 0, fmt.Errorf("reserve a call of %s: %w", method, err)
	case err == nil && blocked.After(now):
		return blocked.Sub(now), nil
	case perMinute == 0:
		return 0, nil
	}
	// Each call moves free_at on by one interval; a burst is how far it may be ahead of now. It is one statement, so that
	// two workers never take the same place.
	interval := time.Minute / time.Duration(perMinute)
	ahead := now.Add(time.Duration(burst) * interval)
	tag, err := tx.tx.Exec(ctx, `
		insert into tenant.slack_limit as l (workspace_id, method, free_at) values ($1, $2, $3::timestamptz + $4::interval)
		on conflict (workspace_id, method) do update
		set free_at = greatest(l.free_at, $3) + $4::interval where greatest(l.free_at, $3) < $5`,
		tx.workspace, method, now, interval, ahead)
	switch {
	case err != nil:
		return 0, fmt.Errorf("reserve a call of %s: %w", method, err)
	case tag.RowsAffected() == 0:
		return max(interval, free.Sub(ahead)), nil
	}
	return 0, nil
}

// Block keeps a Slack method from being called until the given time, because Slack said so.
func (tx *Tx) Block(ctx context.Context, method string, until time.Time) error {
	_, err := tx.tx.Exec(ctx, `
		insert into tenant.slack_limit as l (workspace_id, method, free_at, blocked) values ($1, $2, 'epoch', $3)
		on conflict (workspace_id, method) do update set blocked = greatest(l.blocked, excluded.blocked)`,
		tx.workspace, method, until)
	if err != nil {
		return fmt.Errorf("block %s: %w", method, err)
	}
	return nil
}
