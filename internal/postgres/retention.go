package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Retention is the retention of a workspace's texts, and the version of its settings.
func (tx *Tx) Retention(ctx context.Context) (retention time.Duration, version int64, err error) {
	err = tx.tx.QueryRow(ctx, `
		select (settings->>'retention')::bigint, settings_version from tenant.workspace where workspace_id = $1`, tx.workspace).
		Scan(&retention, &version)
	if err != nil {
		return 0, 0, fmt.Errorf("load retention of workspace %s: %w", tx.workspace, notFound(err))
	}
	return retention, version, nil
}

// SetRetention changes the retention and returns the new version of the settings. It touches no text: requests that are
// opened from now on live by it.
func (tx *Tx) SetRetention(ctx context.Context, retention time.Duration) (version int64, err error) {
	err = tx.tx.QueryRow(ctx, `
		update tenant.workspace
		set settings = jsonb_set(settings, '{retention}', to_jsonb($2::bigint)), settings_version = settings_version + 1
		where workspace_id = $1 returning settings_version`, tx.workspace, retention.Nanoseconds()).Scan(&version)
	if err != nil {
		return 0, fmt.Errorf("set retention of workspace %s: %w", tx.workspace, notFound(err))
	}
	return version, nil
}

// PreviewRetention counts the texts that a retention would destroy at now, those of open requests among them, and those
// whose deadline it would move.
func (tx *Tx) PreviewRetention(ctx context.Context, retention time.Duration, now time.Time) (p helpdesk.RetentionPreview, err error) {
	err = tx.tx.QueryRow(ctx, `
		select count(*) filter (where opened_at + $2::interval <= $3),
		       count(*) filter (where opened_at + $2::interval <= $3 and status in ('new', 'in_progress', 'waiting')),
		       count(*) filter (where opened_at + $2::interval > $3)
		from tenant.request where workspace_id = $1 and scrubbed_at is null and scrub_at > opened_at + $2::interval`,
		tx.workspace, retention, now).Scan(&p.Destroyed, &p.Open, &p.Moved)
	if err != nil {
		return p, fmt.Errorf("preview retention of workspace %s: %w", tx.workspace, err)
	}
	return p, nil
}

// Outlived lists requests whose text would die earlier by a retention: those past it at now, and the others, together at
// most limit.
func (tx *Tx) Outlived(ctx context.Context, retention time.Duration, now time.Time, limit int) (due, later []helpdesk.RequestID, err error) {
	rows, err := tx.tx.Query(ctx, `
		select request_id, opened_at + $2::interval <= $3 from tenant.request
		where workspace_id = $1 and scrubbed_at is null and scrub_at > opened_at + $2::interval
		order by scrub_at limit $4`, tx.workspace, retention, now, limit)
	if err != nil {
		return nil, nil, fmt.Errorf("list texts past a retention: %w", err)
	}
	defer rows.Close()
	for rows.Next() {
		var id helpdesk.RequestID
		var past bool
		if err := rows.Scan(&id, &past); err != nil {
			return nil, nil, fmt.Errorf("list texts past a retention: %w", err)
		}
		if past {
			due = append(due, id)
		} else {
			later = append(later, id)
		}
	}
	return due, later, rows.Err()
}

// MoveScrubs brings the deadline of texts forward to a retention; never back.
func (tx *Tx) MoveScrubs(ctx context.Context, retention time.Duration, ids []helpdesk.RequestID) error {
	_, err := tx.tx.Exec(ctx, `
		update tenant.request set scrub_at = least(scrub_at, opened_at + $2::interval)
		where workspace_id = $1 and request_id = any($3)`, tx.workspace, retention, ids)
	if err != nil {
		return fmt.Errorf("move deadlines of %d texts: %w", len(ids), err)
	}
	return nil
}
