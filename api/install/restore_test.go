package install_test

import (
	"net/http"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// uninstall begins the purge of the installed workspace, now.
func (b *bundle) uninstall(t *testing.T, id helpdesk.WorkspaceID, grace time.Duration) {
	t.Helper()
	must(t, b.store.InWorkspace(t.Context(), id, func(tx *postgres.Tx) error {
		_, begun, err := tx.BeginPurge(t.Context(), helpdesk.PurgeUninstalled, b.now(), b.now(), grace)
		if !begun {
			t.Error("not begun")
		}
		return err
	}))
}

// Whoever installs the app again within the grace gets everything back, under the same id.
func TestInstallWithinTheGraceRestores(t *testing.T) {
	t.Parallel()
	b := setup(t, patience)
	b.install(t, "U0ALEX")
	first := b.workspace(t)
	b.uninstall(t, first.ID, time.Minute)
	w := b.browser(t)
	want(t, w.open(t, w.approved(t, "U0DANA")), http.StatusOK, "Echo-Synch is restored")
	second := b.workspace(t)
	if second.ID != first.ID || second.Token == "" || !second.AuthorizedAt.After(first.AuthorizedAt) {
		t.Errorf("restored %+v, was %+v", second.Workspace, first.Workspace)
	}
	if len(second.Agents) != 2 {
		t.Errorf("agents: %v, want who was there and who restored", second.Agents)
	}
	open, err := b.store.Purges(t.Context(), 10)
	must(t, err)
	if len(open) != 0 {
		t.Errorf("open purges: %+v", open)
	}
	if n := b.count(t, "system.inbox"); n != 2 { // who installed and who restored
		t.Errorf("%d welcomes, want two", n)
	}
}

// After the grace there is nothing to restore: a new workspace works at once, and the purge of the old one goes on.
func TestInstallAfterTheGraceIsAnotherWorkspace(t *testing.T) {
	t.Parallel()
	b := setup(t, patience)
	b.install(t, "U0ALEX")
	first := b.workspace(t)
	b.uninstall(t, first.ID, 0)
	must(t, b.store.InWorkspace(t.Context(), first.ID, func(tx *postgres.Tx) error {
		committed, err := tx.CommitPurge(t.Context(), b.now())
		if !committed {
			t.Error("not committed")
		}
		return err
	}))
	w := b.browser(t)
	want(t, w.open(t, w.approved(t, "U0ALEX")), http.StatusOK, "Echo-Synch is installed")
	id, err := b.store.Installed(t.Context(), team)
	must(t, err)
	if id == first.ID {
		t.Error("the old workspace lives again")
	}
	open, err := b.store.Purges(t.Context(), 10)
	must(t, err)
	if len(open) != 1 || open[0].Workspace != first.ID {
		t.Errorf("open purges: %+v", open)
	}
}
