package restore

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/purge"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// deleteBatch is how many rows of a destroyed workspace one transaction deletes.
const deleteBatch = 5000

// Reconciler repeats, in a restored main database, every erasure that came after the backup. Nothing may serve from it while
// it works. It is harmless when repeated, and on a database that was never restored.
type Reconciler struct {
	Store *postgres.Store
	Keys  *keystore.Store
	// Temporal and Purger are needed for the workflows only.
	Temporal  client.Client
	Namespace string
	Purger    *purge.Purger
	Log       *slog.Logger
	Now       func() time.Time
	// KeysLost says that the key store this database was used with is gone for good: nothing written before can be read, and
	// a workspace without a key was not destroyed. It stays, and its app has to be installed again.
	KeysLost bool
}

// Counts is what a reconciliation has done, by what it was done to.
type Counts map[string]int64

// What is counted.
const (
	Workspaces  = "workspaces_destroyed" // again
	Rows        = "rows_deleted"         // of theirs
	Texts       = "texts_deleted"        // of living workspaces, as are the summaries
	Summaries   = "summaries_deleted"
	Bodies      = "bodies_deleted"
	Models      = "models_distrusted"  // of living workspaces: they had chosen another since
	Running     = "requests_running"   // their workflow goes on
	Ended       = "requests_ended"     // the row takes over how their workflow ended
	Restarted   = "requests_restarted" // Temporal did not know them
	Terminated  = "workflows_ended"    // of requests that the backup does not know
	HistoryRuns = "histories_deleted"  // of destroyed workspaces
)

// Databases deletes what has no key: destroyed workspaces with all their rows, texts, summaries, and deliveries.
func (r *Reconciler) Databases(ctx context.Context) (Counts, error) {
	done := Counts{Workspaces: 0, Rows: 0, Texts: 0, Summaries: 0, Bodies: 0, Models: 0}
	buried := make(map[helpdesk.WorkspaceID]time.Time)
	if err := r.eachTombstone(ctx, func(t helpdesk.Tombstone) error {
		buried[t.Workspace] = t.DestroyedAt
		return nil
	}); err != nil {
		return done, err
	}
	if err := r.belongs(ctx, buried); err != nil {
		return done, err
	}
	if err := r.eachWorkspace(ctx, func(id helpdesk.WorkspaceID) error {
		_, err := r.Keys.WorkspaceKey(ctx, id)
		if errors.Is(err, helpdesk.ErrErased) && r.KeysLost {
			err = r.beginAnew(ctx, id)
		}
		switch {
		case err == nil:
			if err := r.distrust(ctx, id, done); err != nil {
				return err
			}
			return r.eraseKeyless(ctx, id, done)
		case errors.Is(err, helpdesk.ErrErased):
			at, ok := buried[id]
			if !ok {
				at = r.Now()
			}
			return r.destroy(ctx, id, at, done)
		}
		return err
	}); err != nil {
		return done, err
	}
	return done, r.endKeylessDeliveries(ctx, done)
}

// Finish lets the database serve. Call it when everything else is done.
func (r *Reconciler) Finish(ctx context.Context) error {
	if err := r.Store.DropLinks(ctx); err != nil {
		return err
	}
	m, err := r.Keys.Mark(ctx)
	if err != nil {
		return err
	}
	m.At = r.Now()
	return r.Store.SetMark(ctx, m)
}

// ErrNotLost: what has no key in the key store this database was used with was erased, and must not live again.
var ErrNotLost = errors.New("KEYSTORE_URL names the key store this main database was used with: nothing is lost, leave out --keys-lost")

// belongs refuses another key store, in which everything would look erased, unless the right one is lost.
func (r *Reconciler) belongs(ctx context.Context, buried map[helpdesk.WorkspaceID]time.Time) error {
	there, err := r.Keys.Mark(ctx)
	if err != nil {
		return err
	}
	here, err := r.Store.Mark(ctx)
	switch foreign := here.Keystore != "" && here.Keystore != there.Keystore; {
	case err != nil:
		return err
	case foreign && !r.KeysLost:
		return ErrForeign
	case here.Keystore == "" && !r.KeysLost:
		return r.knowsAny(ctx, buried)
	case !foreign && r.KeysLost:
		return ErrNotLost
	}
	return nil
}

// knowsAny refuses a key store that has neither key nor tombstone of any workspace: a backup of a release without marks does
// not say which key store is its own.
func (r *Reconciler) knowsAny(ctx context.Context, buried map[helpdesk.WorkspaceID]time.Time) error {
	known, present := false, false
	err := r.eachWorkspace(ctx, func(id helpdesk.WorkspaceID) error {
		present = true
		if _, dead := buried[id]; known || dead {
			known = true
			return nil
		}
		_, err := r.Keys.WorkspaceKey(ctx, id)
		if errors.Is(err, helpdesk.ErrErased) {
			return nil
		}
		known = err == nil
		return err
	})
	if err == nil && present && !known {
		err = ErrForeign
	}
	return err
}

// beginAnew gives a workspace whose key is lost a new one. Its token is lost, too: until its app is installed again nothing of
// it is worked on.
func (r *Reconciler) beginAnew(ctx context.Context, id helpdesk.WorkspaceID) error {
	if err := r.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) error { return tx.DropToken(ctx) }); err != nil {
		return err
	}
	return r.Keys.CreateWorkspaceKey(ctx, id)
}

// distrust lets no model read the requests of a workspace that has chosen another one since the backup: the choice is lost, and
// the one that is back may send to us what the customer has taken away.
func (r *Reconciler) distrust(ctx context.Context, id helpdesk.WorkspaceID, done Counts) error {
	version, err := r.Keys.ModelVersion(ctx, id)
	if err != nil || version == 0 {
		return err
	}
	return r.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
		was, err := tx.Workspace(ctx)
		if err != nil {
			return err
		}
		changed, err := tx.DistrustProvider(ctx, version)
		if err != nil || !changed {
			return err
		}
		done[Models]++
		r.Log.WarnContext(ctx, "the choice of a model was lost; no model reads this workspace's requests until one is chosen", "workspace_id", id)
		return tx.Audit(ctx, helpdesk.AuditEntry{
			At: r.Now(), Actor: "system", Action: helpdesk.AuditProvider, Before: string(was.Settings.Provider), After: string(helpdesk.ProviderLexical),
		})
	})
}

// eraseKeyless deletes the texts and summaries of a workspace that have no key.
func (r *Reconciler) eraseKeyless(ctx context.Context, id helpdesk.WorkspaceID, done Counts) error {
	var last helpdesk.RequestID
	for {
		var sealed []postgres.Sealed
		err := r.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) (err error) {
			sealed, err = tx.Sealed(ctx, last, page)
			return err
		})
		if err != nil || len(sealed) == 0 {
			return err
		}
		left, err := r.Keys.KeysLeft(ctx, id, requests(sealed))
		if err != nil {
			return err
		}
		var texts, summaries []helpdesk.RequestID
		for _, s := range sealed {
			if s.Text && !left[s.Request].Text {
				texts = append(texts, s.Request)
			}
			if s.Summary && !left[s.Request].Summary {
				summaries = append(summaries, s.Request)
			}
			last = s.Request
		}
		if err := r.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) error { return tx.EraseAgain(ctx, r.Now(), texts, summaries) }); err != nil {
			return err
		}
		done[Texts] += int64(len(texts))
		done[Summaries] += int64(len(summaries))
	}
}

func requests(sealed []postgres.Sealed) []helpdesk.RequestID {
	ids := make([]helpdesk.RequestID, len(sealed))
	for i, s := range sealed {
		ids[i] = s.Request
	}
	return ids
}

// destroy deletes every row of a workspace whose keys are gone. Its purge is final; the histories, the census and the
// certificate are left to the servers, because they need Temporal.
func (r *Reconciler) destroy(ctx context.Context, id helpdesk.WorkspaceID, keysAt time.Time, done Counts) error {
	in := func(f func(*postgres.Tx) error) error { return r.Store.InWorkspace(ctx, id, f) }
	if err := in(func(tx *postgres.Tx) error { return tx.Condemn(ctx, keysAt, r.Now()) }); err != nil {
		return err
	}
	var last helpdesk.RequestID
	for more := true; more; more = last != (helpdesk.RequestID{}) {
		if err := in(func(tx *postgres.Tx) (err error) {
			last, err = tx.ListRuns(ctx, names.RequestID(helpdesk.RequestID{})[:len("request/")], last, deleteBatch)
			return err
		}); err != nil {
			return err
		}
	}
	for more := true; more; {
		if err := in(func(tx *postgres.Tx) error {
			n, err := tx.DeleteRows(ctx, deleteBatch)
			done[Rows] += n
			more = n > 0
			return err
		}); err != nil {
			return err
		}
	}
	done[Workspaces]++
	r.Log.InfoContext(ctx, "a destroyed workspace was back, and is destroyed again", "workspace_id", id)
	return in(func(tx *postgres.Tx) error {
		for _, step := range []helpdesk.PurgeStep{helpdesk.PurgeListing, helpdesk.PurgeRows} {
			if err := tx.FinishPurgeStep(ctx, step, r.Now()); err != nil {
				return err
			}
		}
		return nil
	})
}

// endKeylessDeliveries ends the deliveries whose body nobody can open.
func (r *Reconciler) endKeylessDeliveries(ctx context.Context, done Counts) error {
	var last helpdesk.InboxID
	for {
		bodies, err := r.Store.Bodies(ctx, last, page)
		if err != nil || len(bodies) == 0 {
			return err
		}
		keyless := make(map[helpdesk.InboxID]bool, len(bodies))
		for _, d := range bodies {
			keyless[d.ID] = true
			last = d.ID
		}
		left, err := r.Keys.InboxKeysLeft(ctx, keysOf(keyless))
		if err != nil {
			return err
		}
		for _, id := range left {
			delete(keyless, id)
		}
		if err := r.Store.EndDeliveries(ctx, keysOf(keyless), r.Now()); err != nil {
			return err
		}
		done[Bodies] += int64(len(keyless))
	}
}

func keysOf[K comparable](set map[K]bool) []K {
	keys := make([]K, 0, len(set))
	for k := range set {
		keys = append(keys, k)
	}
	return keys
}

func (r *Reconciler) eachWorkspace(ctx context.Context, f func(helpdesk.WorkspaceID) error) error {
	return eachPresent(ctx, r.Store, f)
}

// eachPresent calls f for every workspace that has anything in a database.
func eachPresent(ctx context.Context, store *postgres.Store, f func(helpdesk.WorkspaceID) error) error {
	var last helpdesk.WorkspaceID
	for {
		ids, err := store.Present(ctx, last, page)
		if err != nil || len(ids) == 0 {
			return err
		}
		for _, id := range ids {
			if err := f(id); err != nil {
				return fmt.Errorf("reconcile workspace %s: %w", id, err)
			}
			last = id
		}
	}
}

func (r *Reconciler) eachTombstone(ctx context.Context, f func(helpdesk.Tombstone) error) error {
	var last helpdesk.WorkspaceID
	for {
		found, err := r.Keys.Tombstones(ctx, last, page)
		if err != nil || len(found) == 0 {
			return err
		}
		for _, t := range found {
			if err := f(t); err != nil {
				return err
			}
			last = t.Workspace
		}
	}
}
