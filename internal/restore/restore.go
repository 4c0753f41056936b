// Package restore keeps a main database that was restored from a backup from serving before every later erasure was
// repeated in it, repeats them, and proves on a copy that it can. The key store has no backups and no restore takes it back:
// what has no key there was erased.
//
// How a restored database is told: a number, the mark, is raised in the main database and then in the key store, once a
// minute and at the start and the end of every process. A database that was restored to an earlier state is behind. The key
// store's tombstones tell a destroyed workspace at once. What this misses is a restore that loses less than the last minute
// before all processes died: then erased texts of that minute are back as rows that nobody can read, until their deadline.
package restore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// Why a process must not serve.
var (
	// ErrBehind: serving would bring back what was erased.
	ErrBehind = errors.New("this main database is older than the key store, as after a restore: run 'echosynch restore reconcile', then start again")
	// ErrForeign: nothing could be read, and all that has no key would look erased.
	ErrForeign = errors.New("KEYSTORE_URL names another key store than the one this main database was used with: correct one of the two addresses; " +
		"if the key store is lost for good, run 'echosynch restore reconcile --keys-lost'")
)

// page is how many rows are looked at in one transaction.
const page = 500

// Marks are the marks of the two databases.
type Marks struct {
	Store *postgres.Store
	Keys  *keystore.Store
	Now   func() time.Time
}

// Check refuses a main database that is behind the key store, or belongs to another. One that was used with none yet is
// bound to this one.
func (m Marks) Check(ctx context.Context) error {
	there, err := m.Keys.Mark(ctx) // first: the main database's is raised before it
	if err != nil {
		return err
	}
	here, err := m.Store.Mark(ctx)
	switch {
	case err != nil:
		return err
	case here.Keystore != "" && here.Keystore != there.Keystore:
		return ErrForeign
	case here.Number < there.Number:
		return behind(here)
	}
	if here.Keystore == "" {
		if err := m.Store.BindMark(ctx, there.Keystore, m.Now()); err != nil {
			return err
		}
	}
	return tombstones(ctx, m.Keys, func(ids []helpdesk.WorkspaceID) error {
		back, err := m.Store.Resurrected(ctx, ids)
		if err == nil && len(back) > 0 {
			return behind(here)
		}
		return err
	})
}

// Raise raises both marks. [ErrBehind] where the main database was restored behind our back.
func (m Marks) Raise(ctx context.Context) error {
	there, err := m.Keys.Mark(ctx)
	if err != nil {
		return err
	}
	number, err := m.Store.RaiseMark(ctx, there.Number, m.Now())
	if errors.Is(err, helpdesk.ErrNotFound) {
		return ErrBehind
	}
	if err != nil {
		return err
	}
	return m.Keys.RaiseMark(ctx, number)
}

func behind(here helpdesk.Mark) error {
	if here.At.IsZero() {
		return ErrBehind
	}
	return fmt.Errorf("main database as of %s: %w", here.At.Format(time.RFC3339), ErrBehind)
}

// tombstones calls f with the destroyed workspaces, page by page.
func tombstones(ctx context.Context, keys *keystore.Store, f func([]helpdesk.WorkspaceID) error) error {
	var last helpdesk.WorkspaceID
	for {
		found, err := keys.Tombstones(ctx, last, page)
		if err != nil || len(found) == 0 {
			return err
		}
		ids := make([]helpdesk.WorkspaceID, len(found))
		for i, t := range found {
			ids[i] = t.Workspace
		}
		if err := f(ids); err != nil {
			return err
		}
		last = ids[len(ids)-1]
	}
}
