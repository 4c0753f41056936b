package postgres

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

const purgeColumns = `workspace_id, number, cause, certificate_id, uninstalled_at, grace_until, touched_at, token_at, restored_at,
	committed_at, keys_at, listed_at, histories_at, rows_at, census_at, done_at, keys, histories, rows, quiet`

func scanPurge(row pgx.CollectableRow) (p helpdesk.Purge, err error) {
	err = row.Scan(&p.Workspace, &p.Number, &p.Cause, &p.Certificate, null(&p.UninstalledAt), null(&p.GraceUntil), null(&p.TouchedAt),
		null(&p.TokenAt), null(&p.RestoredAt), null(&p.CommittedAt), null(&p.KeysAt), null(&p.ListedAt), null(&p.HistoriesAt),
		null(&p.RowsAt), null(&p.CensusAt), null(&p.DoneAt), &p.Keys, &p.Histories, &p.Rows, &p.Quiet)
	return p, err
}

// Purges lists the purges that have not ended, the oldest first, at most limit. It sees all workspaces: whoever destroys
// them has to know which.
func (s *Store) Purges(ctx context.Context, limit int) ([]helpdesk.Purge, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, `
		select `+purgeColumns+` from system.purge where done_at is null and restored_at is null order by uninstalled_at limit $1`, limit)
	if err != nil {
		return nil, fmt.Errorf("list purges: %w", err)
	}
	purges, err := pgx.CollectRows(rows, scanPurge)
	if err != nil {
		return nil, fmt.Errorf("list purges: %w", err)
	}
	return purges, nil
}

// Purged lists the workspaces whose purge was done after since.
func (s *Store) Purged(ctx context.Context, since time.Time) ([]helpdesk.WorkspaceID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, `select workspace_id from system.purge where done_at > $1 order by done_at`, since)
	if err != nil {
		return nil, fmt.Errorf("list purged workspaces: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.WorkspaceID])
	if err != nil {
		return nil, fmt.Errorf("list purged workspaces: %w", err)
	}
	return ids, nil
}

// Restorable is the workspace of a Slack team that was uninstalled and can still be restored at now: within its grace.
// [helpdesk.ErrNotInstalled] where there is none.
func (s *Store) Restorable(ctx context.Context, team string, now time.Time) (helpdesk.WorkspaceID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var id helpdesk.WorkspaceID
	err := s.pool.QueryRow(ctx, `
		select workspace_id from system.installation join system.purge using (workspace_id)
		where team = $1 and state = 'uninstalled' and restored_at is null and committed_at is null and grace_until > $2`,
		team, now).Scan(&id)
	if errors.Is(err, pgx.ErrNoRows) {
		return id, helpdesk.ErrNotInstalled
	}
	if err != nil {
		return id, fmt.Errorf("find workspace to restore: %w", err)
	}
	return id, nil
}

// Standing is where a workspace stands between its install and its end.
type Standing struct {
	Installed   bool
	Restorable  bool      // uninstalled, and a reinstall may still restore everything
	InstalledAt time.Time // zero where nothing is left of the workspace
}

// Standing reads where the workspace stands.
func (tx *Tx) Standing(ctx context.Context) (s Standing, err error) {
	err = tx.tx.QueryRow(ctx, `
		select exists (select from system.installation where workspace_id = $1 and state = 'active'),
		       exists (select from system.purge where workspace_id = $1 and restored_at is null and committed_at is null),
		       (select installed_at from tenant.workspace where workspace_id = $1)`, tx.workspace).
		Scan(&s.Installed, &s.Restorable, null(&s.InstalledAt))
	if err != nil {
		return s, fmt.Errorf("find installation of workspace %s: %w", tx.workspace, err)
	}
	return s, nil
}

// BeginPurge ends the workspace's installation, destroys its token and notes that it has to be destroyed, all at once. It
// reports false where it has begun none: the workspace was authorised after at, or its installation had ended before; then
// the purge is the one that is under way, [helpdesk.ErrNotFound] where none is.
func (tx *Tx) BeginPurge(ctx context.Context, cause helpdesk.PurgeCause, at, now time.Time, grace time.Duration) (p helpdesk.Purge, begun bool, err error) {
	if begun, err = tx.unpoint(ctx, at); err != nil {
		return p, false, err
	}
	if !begun {
		p, err = tx.Purge(ctx)
		return p, false, err
	}
	var requests int64
	err = tx.tx.QueryRow(ctx, `
		with w as (update tenant.workspace set token = null where workspace_id = $1)
		select count(*) from tenant.request where workspace_id = $1`, tx.workspace).Scan(&requests)
	if err != nil {
		return p, false, fmt.Errorf("begin purge of workspace %s: %w", tx.workspace, err)
	}
	_, err = tx.tx.Exec(ctx, `
		insert into system.purge (workspace_id, number, cause, certificate_id, uninstalled_at, grace_until, touched_at, token_at)
		select $1, (select count(*) + 1 from system.purge where workspace_id = $1), $2, certificate_id, $3, $4, $5, $5
		from tenant.workspace where workspace_id = $1`, tx.workspace, cause, at, helpdesk.GraceUntil(at, grace, requests), now)
	if err != nil {
		return p, false, fmt.Errorf("begin purge of workspace %s: %w", tx.workspace, err)
	}
	p, err = tx.Purge(ctx)
	return p, true, err
}

// Purge is the newest purge of the workspace. [helpdesk.ErrNotFound] where it never had one.
func (tx *Tx) Purge(ctx context.Context) (p helpdesk.Purge, err error) {
	rows, err := tx.tx.Query(ctx, `
		select `+purgeColumns+` from system.purge where workspace_id = $1 order by number desc limit 1`, tx.workspace)
	if err == nil {
		p, err = pgx.CollectExactlyOneRow(rows, scanPurge)
	}
	if err != nil {
		return p, fmt.Errorf("load purge of workspace %s: %w", tx.workspace, notFound(err))
	}
	return p, nil
}

// TouchPurge notes that somebody works on the purge.
func (tx *Tx) TouchPurge(ctx context.Context, now time.Time) error {
	_, err := tx.changePurge(ctx, `number = number`, `done_at is null and restored_at is null`, now)
	return err
}

// RestorePurge takes the purge under way back; false where it is too late, or there is none.
func (tx *Tx) RestorePurge(ctx context.Context, now time.Time) (bool, error) {
	return tx.changePurge(ctx, `restored_at = $2`, `restored_at is null and committed_at is null and grace_until > $2`, now)
}

// CommitPurge makes the purge final; false where it was taken back.
func (tx *Tx) CommitPurge(ctx context.Context, now time.Time) (bool, error) {
	return tx.changePurge(ctx, `committed_at = coalesce(committed_at, $2)`, `restored_at is null and done_at is null`, now)
}

func (tx *Tx) changePurge(ctx context.Context, set, where string, now time.Time) (bool, error) {
	tag, err := tx.tx.Exec(ctx, `
		update system.purge set touched_at = $2, `+set+`
		where workspace_id = $1 and number = (select max(number) from system.purge where workspace_id = $1) and `+where,
		tx.workspace, now)
	if err != nil {
		return false, fmt.Errorf("change purge of workspace %s: %w", tx.workspace, err)
	}
	return tag.RowsAffected() == 1, nil
}

// purgeDone says which column holds when a step was done.
var purgeDone = map[helpdesk.PurgeStep]string{
	helpdesk.PurgeKeys: "keys_at", helpdesk.PurgeListing: "listed_at", helpdesk.PurgeHistories: "histories_at",
	helpdesk.PurgeRows: "rows_at", helpdesk.PurgeCensus: "census_at", helpdesk.PurgeCertify: "done_at",
}

// FinishPurgeStep notes that a step was done; the first time counts.
func (tx *Tx) FinishPurgeStep(ctx context.Context, step helpdesk.PurgeStep, now time.Time) error {
	column, ok := purgeDone[step]
	if !ok {
		return fmt.Errorf("finish step %q of a purge: %w", step, helpdesk.ErrInvalid)
	}
	// Each step looks for what is left with its own eyes.
	_, err := tx.changePurge(ctx, column+` = coalesce(`+column+`, $2), quiet = 0`, `committed_at is not null`, now)
	return err
}

// UnderWay reports whether somebody may still be handing a delivery of the workspace over at now.
func (tx *Tx) UnderWay(ctx context.Context, now time.Time) (busy bool, err error) {
	err = tx.tx.QueryRow(ctx, `
		select exists (select from system.inbox where workspace_id = $1 and done_at is null and next_at > $2)`, tx.workspace, now).Scan(&busy)
	if err != nil {
		return false, fmt.Errorf("look for deliveries of workspace %s: %w", tx.workspace, err)
	}
	return busy, nil
}

// CountPurgedKeys notes how many keys there were to destroy.
func (tx *Tx) CountPurgedKeys(ctx context.Context, n int64) error {
	_, err := tx.tx.Exec(ctx, `
		update system.purge set keys = greatest(keys, $2) where workspace_id = $1 and done_at is null and restored_at is null`, tx.workspace, n)
	if err != nil {
		return fmt.Errorf("count keys of workspace %s: %w", tx.workspace, err)
	}
	return nil
}

// BodiesLeft lists deliveries of the workspace that carry text, at most limit.
func (tx *Tx) BodiesLeft(ctx context.Context, limit int) ([]helpdesk.InboxID, error) {
	rows, err := tx.tx.Query(ctx, `
		select inbox_id from system.inbox where workspace_id = $1 and sealed is not null order by inbox_id limit $2`, tx.workspace, limit)
	if err != nil {
		return nil, fmt.Errorf("list deliveries of workspace %s: %w", tx.workspace, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.InboxID])
	if err != nil {
		return nil, fmt.Errorf("list deliveries of workspace %s: %w", tx.workspace, err)
	}
	return ids, nil
}

// DeleteBodies forgets deliveries of the workspace. Their keys must be destroyed first.
func (tx *Tx) DeleteBodies(ctx context.Context, ids []helpdesk.InboxID) error {
	if _, err := tx.tx.Exec(ctx, `delete from system.inbox where workspace_id = $1 and inbox_id = any($2)`, tx.workspace, ids); err != nil {
		return fmt.Errorf("delete %d deliveries of workspace %s: %w", len(ids), tx.workspace, err)
	}
	return nil
}

// purgeTables hold what belongs to a workspace, those that refer to others first. The last two are the workspace itself:
// they go in one transaction, when nothing else is left.
var purgeTables = []string{
	"tenant.kb_offer", "tenant.kb_entry", "tenant.notice", "tenant.sla_event", "tenant.request_text", "tenant.erasure", "tenant.request", "tenant.tombstone", "tenant.channel_alias",
	"tenant.channel", "tenant.agent", "tenant.slack_limit", "tenant.audit", "tenant.data_request",
	"tenant.byom", "tenant.model_usage",
	"system.export_link", "system.inbox", "tenant.workspace", "system.installation",
}

// PurgeTables lists the tables that a purge empties of a workspace.
func PurgeTables() []string { return append(slices.Clone(purgeTables), "system.purge_run") }

// DeleteRows deletes the next rows of the workspace, at most limit, and counts them for its purge. Zero means that none
// is left.
func (tx *Tx) DeleteRows(ctx context.Context, limit int64) (deleted int64, err error) {
	for _, table := range purgeTables {
		tag, err := tx.tx.Exec(ctx, `
			delete from `+table+` where ctid = any(array(select ctid from `+table+` where workspace_id = $1 limit $2))`,
			tx.workspace, limit-deleted)
		if err != nil {
			return 0, fmt.Errorf("delete rows of workspace %s from %s: %w", tx.workspace, table, err)
		}
		if deleted += tag.RowsAffected(); deleted >= limit {
			break
		}
	}
	_, err = tx.tx.Exec(ctx, `
		update system.purge set rows = rows + $2 where workspace_id = $1 and done_at is null and restored_at is null`, tx.workspace, deleted)
	if err != nil {
		return 0, fmt.Errorf("count rows of workspace %s: %w", tx.workspace, err)
	}
	return deleted, nil
}

// Census counts the rows that a workspace has left, by table; tables without any are left out.
func (tx *Tx) Census(ctx context.Context) (map[string]int64, error) {
	left := make(map[string]int64)
	for _, table := range PurgeTables() {
		var n int64
		if err := tx.tx.QueryRow(ctx, `select count(*) from `+table+` where workspace_id = $1`, tx.workspace).Scan(&n); err != nil {
			return nil, fmt.Errorf("count rows of workspace %s in %s: %w", tx.workspace, table, err)
		}
		if n > 0 {
			left[table] = n
		}
	}
	return left, nil
}
