package restore_test

import (
	"context"
	"errors"
	"maps"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/restore"
)

// Behaviour 44: what has no key was erased, and is erased again; all else stays.
func TestReconcileErasesAgain(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ok(t, b.Check(t.Context()))
	living, dead := b.workspace(t, "T1"), b.workspace(t, "T2")
	kept, scrubbed, withdrawn := b.request(t, living, "1.000001"), b.request(t, living, "1.000002"), b.request(t, living, "1.000003")
	b.request(t, dead, "1.000001")
	waiting, handed := b.body(t, living, "Ev1"), b.body(t, living, "Ev2")

	ok(t, b.Keys.DestroyTextKeys(t.Context(), living, []helpdesk.RequestID{scrubbed}))
	ok(t, b.Keys.DestroyRequestKeys(t.Context(), living, withdrawn, true, true))
	ok(t, b.Keys.DestroyInboxKeys(t.Context(), handed))
	must(b.Keys.DestroyWorkspace(t.Context(), dead))(t)

	done := must(b.reconciler().Databases(t.Context()))(t)
	want := restore.Counts{restore.Workspaces: 1, restore.Rows: done[restore.Rows], restore.Texts: 2, restore.Summaries: 1, restore.Bodies: 1, restore.Models: 0}
	if !maps.Equal(done, want) || done[restore.Rows] < 5 {
		t.Errorf("counted %v", done)
	}
	b.in(t, living, func(ctx context.Context, tx *postgres.Tx) error {
		sealed, err := tx.SealedOf(ctx, []helpdesk.RequestID{kept, scrubbed, withdrawn})
		for _, s := range sealed {
			if s.Text != (s.Request == kept) || s.Summary != (s.Request != withdrawn) {
				t.Errorf("left %+v", s)
			}
		}
		if err != nil {
			return err
		}
		r, err := tx.Request(ctx, scrubbed)
		if r.ScrubbedAt.IsZero() || r.Status != helpdesk.New {
			t.Errorf("the scrubbed request: %+v", r)
		}
		if err != nil {
			return err
		}
		open, err := tx.Uncertified(ctx, time.Now(), 10)
		if len(open) != 1 || open[0].Scope != helpdesk.ScopeRestore || open[0].Texts != 2 || open[0].Summaries != 1 {
			t.Errorf("to be certified: %+v", open)
		}
		return err
	})
	bodies := must(b.Store.Bodies(t.Context(), helpdesk.InboxID{}, 10))(t)
	if len(bodies) != 1 || bodies[0].ID != waiting {
		t.Errorf("bodies left: %v", bodies)
	}
	b.in(t, dead, func(ctx context.Context, tx *postgres.Tx) error {
		left, err := tx.Census(ctx)
		if delete(left, "system.purge_run"); len(left) > 0 {
			t.Errorf("rows left: %v", left)
		}
		p, perr := tx.Purge(ctx)
		if p.Cause != helpdesk.PurgeReplayed || p.Step() != helpdesk.PurgeHistories || p.RowsAt.IsZero() || p.KeysAt.After(p.CommittedAt) {
			t.Errorf("its purge: %+v", p)
		}
		return errors.Join(err, perr)
	})
	if _, err := b.Store.Installed(t.Context(), "T2"); !errors.Is(err, helpdesk.ErrNotInstalled) {
		t.Errorf("the team of the dead workspace: %v", err)
	}

	ok(t, b.reconciler().Finish(t.Context()))
	ok(t, b.Check(t.Context()))
	again := must(b.reconciler().Databases(t.Context()))(t)
	if again[restore.Texts]+again[restore.Summaries]+again[restore.Bodies]+again[restore.Rows] != 0 {
		t.Errorf("the second time found %v", again)
	}
}

// On a database that was never restored there is nothing to do.
func TestReconcileLeavesTheLivingAlone(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ok(t, b.Check(t.Context()))
	id := b.workspace(t, "T1")
	b.request(t, id, "1.000001")
	b.body(t, id, "Ev1")
	for what, n := range must(b.reconciler().Databases(t.Context()))(t) {
		if n != 0 {
			t.Errorf("%s: %d", what, n)
		}
	}
}

// A purge that the backup holds half done is finished, whatever it stood at.
func TestReconcileEndsAPurgeUnderWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id := b.workspace(t, "T1")
	b.request(t, id, "1.000001")
	b.in(t, id, func(ctx context.Context, tx *postgres.Tx) error {
		_, _, err := tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, time.Now(), time.Now(), time.Hour)
		return err
	})
	must(b.Keys.DestroyWorkspace(t.Context(), id))(t)
	must(b.reconciler().Databases(t.Context()))(t)
	b.in(t, id, func(ctx context.Context, tx *postgres.Tx) error {
		p, err := tx.Purge(ctx)
		if p.Number != 1 || p.Cause != helpdesk.PurgeUninstalled || p.Step() != helpdesk.PurgeHistories || p.RowsAt.IsZero() {
			t.Errorf("its purge: %+v", p)
		}
		return err
	})
}

// Where the key store itself is lost, nothing that was written can be read; workspaces, requests and clocks stay.
func TestReconcileWithoutTheLostKeys(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ok(t, b.Check(t.Context()))
	id := b.workspace(t, "T1")
	lost := b.request(t, id, "1.000001")
	r := b.reconciler()
	r.KeysLost = true
	if _, err := r.Databases(t.Context()); !errors.Is(err, restore.ErrNotLost) {
		t.Fatalf("nothing is lost: %v", err)
	}
	other := setup(t)                                                                   // a key store that knows nothing
	sql(t, other.keysAdmin, `update keystore.mark set keystore_id = gen_random_uuid()`) // both are copies of one template
	r.Keys = other.Keys
	done := must(r.Databases(t.Context()))(t)
	if done[restore.Texts] != 1 || done[restore.Summaries] != 1 || done[restore.Workspaces] != 0 {
		t.Errorf("counted %v", done)
	}
	ok(t, r.Finish(t.Context()))
	ok(t, restore.Marks{Store: b.Store, Keys: other.Keys, Now: time.Now}.Check(t.Context()))
	must(other.Keys.WorkspaceKey(t.Context(), id))(t)
	b.in(t, id, func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.Processing(ctx); !errors.Is(err, helpdesk.ErrNotInstalled) {
			t.Errorf("worked on before its app is installed again: %v", err)
		}
		_, err := tx.Request(ctx, lost)
		return err
	})
}

// A workspace that has chosen another model since the backup has none after it: what is back could send to our project what the
// customer had taken away, or to the customer's with a key that was destroyed.
func TestReconcileTrustsNoModelOfBefore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ok(t, b.Check(t.Context()))
	never, since, removed, same := b.workspace(t, "T1"), b.workspace(t, "T2"), b.workspace(t, "T3"), b.workspace(t, "T4")
	for _, id := range []helpdesk.WorkspaceID{removed, same} {
		key := must(b.Keys.WorkspaceKey(t.Context(), id))(t)
		b.in(t, id, func(ctx context.Context, tx *postgres.Tx) error {
			if err := tx.SetBYOM(ctx, helpdesk.BYOM{Project: "acme-ai", Location: "eu", Model: "gemini"}, []byte("credential"), key, time.Now()); err != nil {
				return err
			}
			_, err := tx.SetProvider(ctx, helpdesk.ProviderBYOM)
			return err
		})
		ok(t, b.Keys.RaiseModel(t.Context(), id, 1))
	}
	ok(t, b.Keys.RaiseModel(t.Context(), since, 1))   // its first choice is in no backup
	ok(t, b.Keys.RaiseModel(t.Context(), removed, 2)) // nor is the end of this one

	done := must(b.reconciler().Databases(t.Context()))(t)
	if done[restore.Models] != 2 {
		t.Errorf("counted %v", done)
	}
	for id, want := range map[helpdesk.WorkspaceID]helpdesk.ModelProvider{
		never: helpdesk.ProviderDefault, since: helpdesk.ProviderLexical, removed: helpdesk.ProviderLexical, same: helpdesk.ProviderBYOM,
	} {
		b.in(t, id, func(ctx context.Context, tx *postgres.Tx) error {
			w, err := tx.Workspace(ctx)
			if err != nil {
				return err
			}
			_, err = tx.BYOM(ctx)
			if held := err == nil; w.Settings.Provider != want || held != (want == helpdesk.ProviderBYOM) {
				t.Errorf("%s: %q, holds a model of its own: %v", id, w.Settings.Provider, held)
			}
			return nil
		})
	}
	if again := must(b.reconciler().Databases(t.Context()))(t); again[restore.Models] != 0 {
		t.Errorf("the second time %v", again)
	}
}
