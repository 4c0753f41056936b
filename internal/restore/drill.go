package restore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"time"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/scratch"
	"github.com/echo-synch/echo-synch/migrations"
)

// ErrOtherSystem: with another system's keys nothing opens, which would prove nothing.
var ErrOtherSystem = errors.New("this is a backup of another system: it belongs to another key store than the one KEYSTORE_URL names")

// Drill restores backups into scratch clusters and shows that what was erased since cannot be opened, and that the
// reconciliation destroys it again. It only reads the live databases: Live says what is there, Keys is asked for keys.
type Drill struct {
	Live *postgres.Store
	Keys *keystore.Store
	// Database is the name of the live one, to tell it in the backup of a cluster that holds several.
	Database string
	Scratch  string // directory for the clusters
	Log      *slog.Logger
	Now      func() time.Time
}

// The kinds of a backup.
const (
	Dump       = "dump"
	BaseBackup = "base_backup"
)

// Try restores one backup.
func (d *Drill) Try(ctx context.Context, kind, path string) (t certificate.Trial, err error) {
	t.Backup, t.Name = kind, filepath.Base(path)
	cluster, database, err := d.restore(ctx, kind, path)
	if err != nil {
		return t, err
	}
	defer func() { err = errors.Join(err, cluster.Stop()) }()
	// An older release's backup lacks what came since.
	if _, err := migrations.Up(ctx, cluster.Admin(database).Reveal(), migrations.Main); err != nil {
		return t, err
	}
	restored, err := postgres.Open(ctx, cluster.App(database))
	if err != nil {
		return t, err
	}
	defer restored.Close()
	if t.AsOf, err = d.belongs(ctx, restored); err != nil {
		return t, err
	}
	if t.Before, err = d.inspect(ctx, restored); err != nil {
		return t, err
	}
	r := Reconciler{Store: restored, Keys: d.Keys, Log: d.Log, Now: d.Now}
	t.Reconciled = Counts{}
	for range rounds {
		done, err := r.Databases(ctx)
		for what, n := range done {
			t.Reconciled[what] += n
		}
		if err != nil {
			return t, err
		}
		if t.After, err = d.inspect(ctx, restored); err != nil || !anyErased(t.After) {
			return t, err
		}
	}
	return t, nil
}

// rounds is how often the reconciliation is tried: what the live services erase meanwhile is taken by the next one.
const rounds = 3

func anyErased(found map[string]certificate.Tally) bool {
	for _, n := range found {
		if n.Erased > 0 {
			return true
		}
	}
	return false
}

func (d *Drill) restore(ctx context.Context, kind, path string) (c *scratch.Cluster, database string, err error) {
	from := scratch.FromDump
	if kind == BaseBackup {
		from = scratch.FromBackup
	}
	if c, err = from(ctx, path, d.Scratch); err != nil {
		return nil, "", err
	}
	if database, err = c.Database(ctx, d.Database); err != nil {
		return nil, "", errors.Join(err, c.Stop())
	}
	return c, database, nil
}

// belongs refuses the backup of another system, and says as of when it is.
func (d *Drill) belongs(ctx context.Context, restored *postgres.Store) (time.Time, error) {
	there, err := d.Keys.Mark(ctx)
	if err != nil {
		return time.Time{}, err
	}
	here, err := restored.Mark(ctx)
	if err == nil && here.Keystore != "" && here.Keystore != there.Keystore {
		err = ErrOtherSystem
	}
	return here.At, err
}

// tallies counts by kind.
type tallies map[string]certificate.Tally

func (t tallies) add(kind string, erased, opened bool) {
	n := t[kind]
	switch {
	case erased && opened:
		n.ErasedOpened++
		n.Erased++
	case erased:
		n.Erased++
	case opened:
		n.LivingOpened++
		n.Living++
	default:
		n.Living++
	}
	t[kind] = n
}

// inspect counts what a restored database holds, whether it was erased since, and whether the product can open it. What was
// erased is asked first: a key goes before its row, so that nothing that is erased in the meantime looks opened.
func (d *Drill) inspect(ctx context.Context, restored *postgres.Store) (map[string]certificate.Tally, error) {
	found := tallies{"workspaces": {}, "tokens": {}, "texts": {}, "summaries": {}, "bodies": {}}
	buried := make(map[helpdesk.WorkspaceID]bool)
	if err := tombstones(ctx, d.Keys, func(ids []helpdesk.WorkspaceID) error {
		for _, id := range ids {
			buried[id] = true
		}
		return nil
	}); err != nil {
		return nil, err
	}
	err := eachPresent(ctx, restored, func(id helpdesk.WorkspaceID) error {
		erased, err := isGone(ctx, d.Live, id)
		if err != nil {
			return err
		}
		erased = erased || buried[id]
		if err := d.inspectWorkspace(ctx, restored, id, erased, found); err != nil {
			return err
		}
		return d.inspectRequests(ctx, restored, id, erased, found)
	})
	if err != nil {
		return nil, err
	}
	return found, d.inspectBodies(ctx, restored, found)
}

// isGone reports whether a database has no row of a workspace.
func isGone(ctx context.Context, store *postgres.Store, id helpdesk.WorkspaceID) (bool, error) {
	err := store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
		_, err := tx.Workspace(ctx)
		return err
	})
	if errors.Is(err, helpdesk.ErrNotFound) {
		return true, nil
	}
	return false, err
}

// inspectWorkspace tries the workspace's key, and with it the bot token.
func (d *Drill) inspectWorkspace(ctx context.Context, restored *postgres.Store, id helpdesk.WorkspaceID, erased bool, found tallies) error {
	gone, err := isGone(ctx, restored, id)
	if err != nil || gone {
		return err
	}
	key, err := d.Keys.WorkspaceKey(ctx, id)
	if err != nil && !errors.Is(err, helpdesk.ErrErased) {
		return err
	}
	found.add("workspaces", erased, err == nil)
	return restored.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
		err := tx.Processing(ctx)
		if errors.Is(err, helpdesk.ErrNotInstalled) {
			return nil // it had none when the backup was made
		}
		if err != nil {
			return err
		}
		_, failed := tx.Token(ctx, key)
		found.add("tokens", erased, failed == nil)
		return nil
	})
}

func (d *Drill) inspectRequests(ctx context.Context, restored *postgres.Store, ws helpdesk.WorkspaceID, erased bool, found tallies) error {
	var last helpdesk.RequestID
	for {
		var sealed, live []postgres.Sealed
		err := restored.InWorkspace(ctx, ws, func(tx *postgres.Tx) (err error) {
			sealed, err = tx.Sealed(ctx, last, page)
			return err
		})
		if err != nil || len(sealed) == 0 {
			return err
		}
		if err := d.Live.InWorkspace(ctx, ws, func(tx *postgres.Tx) (err error) {
			live, err = tx.SealedOf(ctx, requests(sealed))
			return err
		}); err != nil {
			return err
		}
		there := make(map[helpdesk.RequestID]postgres.Sealed, len(live))
		for _, l := range live {
			there[l.Request] = l
		}
		for _, s := range sealed {
			l := there[s.Request]
			text, summary, err := d.open(ctx, restored, ws, s)
			if err != nil {
				return err
			}
			if s.Text {
				found.add("texts", erased || !l.Text, text)
			}
			if s.Summary {
				found.add("summaries", erased || !l.Summary, summary)
			}
			last = s.Request
		}
	}
}

// open tries to open what a request has sealed, as the product would.
func (d *Drill) open(ctx context.Context, restored *postgres.Store, ws helpdesk.WorkspaceID, s postgres.Sealed) (text, summary bool, err error) {
	keys, err := d.Keys.RequestKeys(ctx, ws, s.Request)
	if errors.Is(err, helpdesk.ErrErased) {
		return false, false, nil
	}
	if err != nil {
		return false, false, err
	}
	err = restored.InWorkspace(ctx, ws, func(tx *postgres.Tx) error {
		if s.Text && keys.HasText {
			_, err := tx.RequestText(ctx, s.Request, keys.Text)
			text = err == nil
		}
		if s.Summary && keys.HasSummary {
			_, err := tx.Summary(ctx, s.Request, keys.Summary)
			summary = err == nil
		}
		return nil
	})
	return text, summary, err
}

func (d *Drill) inspectBodies(ctx context.Context, restored *postgres.Store, found tallies) error {
	var last helpdesk.InboxID
	for {
		bodies, err := restored.Bodies(ctx, last, page)
		if err != nil || len(bodies) == 0 {
			return err
		}
		ids := make([]helpdesk.InboxID, len(bodies))
		for i, b := range bodies {
			ids[i] = b.ID
		}
		gone, err := d.Live.Bodiless(ctx, ids)
		if err != nil {
			return err
		}
		erased := make(map[helpdesk.InboxID]bool, len(gone))
		for _, id := range gone {
			erased[id] = true
		}
		for _, b := range bodies {
			key, err := d.Keys.InboxKey(ctx, b.ID)
			switch {
			case err == nil:
				_, err = b.Open(key)
			case !errors.Is(err, helpdesk.ErrErased):
				return fmt.Errorf("try delivery %s: %w", b.ID, err)
			}
			found.add("bodies", erased[b.ID], err == nil)
			last = b.ID
		}
	}
}
