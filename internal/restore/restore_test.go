package restore_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/restore"
)

// Whatever was raised since a backup tells that it was restored, whichever process raised it and however often.
func TestARestoredDatabaseIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ok(t, b.Check(t.Context()))
	ok(t, b.Raise(t.Context()))
	backup := must(b.Store.Mark(t.Context()))(t)
	ok(t, b.Check(t.Context()))
	ok(t, b.Raise(t.Context()))
	ok(t, b.Check(t.Context()))

	sql(t, b.admin, `update system.mark set number = `+"1")
	if backup.Number != 1 || backup.At.IsZero() {
		t.Fatalf("the mark of the backup is %+v", backup)
	}
	for range 3 { // not by raising it, either
		if err := b.Check(t.Context()); !errors.Is(err, restore.ErrBehind) {
			t.Errorf("checked: %v", err)
		}
		if err := b.Raise(t.Context()); !errors.Is(err, restore.ErrBehind) {
			t.Errorf("raised: %v", err)
		}
	}
	ok(t, b.reconciler().Finish(t.Context()))
	ok(t, b.Check(t.Context()))
	ok(t, b.Raise(t.Context()))

	sql(t, b.admin, `delete from system.mark`) // a backup of a release without marks
	if err := b.Check(t.Context()); !errors.Is(err, restore.ErrBehind) {
		t.Errorf("without a mark: %v", err)
	}
}

// A crash between the two databases refuses nobody: the main database's mark is raised first.
func TestACrashIsNoRestore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ok(t, b.Check(t.Context()))
	must(b.Store.RaiseMark(t.Context(), 0, time.Now()))(t)
	ok(t, b.Check(t.Context()))
	ok(t, b.Raise(t.Context()))
}

// With the keys of somebody else everything would look erased.
func TestAnotherKeystoreIsRefused(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ok(t, b.Check(t.Context()))
	sql(t, b.keysAdmin, `update keystore.mark set keystore_id = gen_random_uuid()`)
	if err := b.Check(t.Context()); !errors.Is(err, restore.ErrForeign) {
		t.Errorf("checked: %v", err)
	}
	if _, err := b.reconciler().Databases(t.Context()); !errors.Is(err, restore.ErrForeign) {
		t.Errorf("reconciled: %v", err)
	}
}

// A backup of a release without marks does not say whose it is: that nothing of it is known does.
func TestAnUnmarkedBackupOfAnotherSystemIsRefused(t *testing.T) {
	t.Parallel()
	b, other := setup(t), setup(t)
	b.workspace(t, "T1")
	r := b.reconciler()
	r.Keys = other.Keys
	if _, err := r.Databases(t.Context()); !errors.Is(err, restore.ErrForeign) {
		t.Errorf("reconciled: %v", err)
	}
	must(b.reconciler().Databases(t.Context()))(t)
}

// A workspace that lives again is told at once; one that is being destroyed is none.
func TestADestroyedWorkspaceIsTold(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.workspace(t, "T1")
	ok(t, b.Check(t.Context()))
	b.in(t, id, func(ctx context.Context, tx *postgres.Tx) error {
		if _, _, err := tx.BeginPurge(ctx, helpdesk.PurgeOrdered, time.Now(), time.Now(), 0); err != nil {
			return err
		}
		_, err := tx.CommitPurge(ctx, time.Now())
		return err
	})
	must(b.Keys.DestroyWorkspace(t.Context(), id))(t)
	ok(t, b.Check(t.Context()))
	sql(t, b.admin, `update system.purge set committed_at = null`)
	if err := b.Check(t.Context()); !errors.Is(err, restore.ErrBehind) {
		t.Errorf("back in its grace: %v", err)
	}
	sql(t, b.admin, `delete from system.purge`)
	if err := b.Check(t.Context()); !errors.Is(err, restore.ErrBehind) {
		t.Errorf("back from before its uninstall: %v", err)
	}
}
