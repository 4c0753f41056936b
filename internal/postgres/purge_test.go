package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// uninstall begins the purge of a workspace an hour after its install.
func (b *bundle) uninstall(t *testing.T, w tenant, grace time.Duration) (p helpdesk.Purge) {
	t.Helper()
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		var begun bool
		var err error
		if p, begun, err = tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, now.Add(time.Hour), now.Add(time.Hour), grace); err == nil && !begun {
			t.Error("not begun")
		}
		return err
	})
	return p
}

func TestBeginPurge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		for _, at := range []time.Time{now.Add(-24 * time.Hour), now} {
			if _, begun, err := tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, at, now, time.Minute); begun || !errors.Is(err, helpdesk.ErrNotFound) {
				t.Errorf("an event not newer than the authorisation began a purge: %v, %v", begun, err)
			}
		}
		_, err := tx.Token(ctx, w.key)
		return err
	})
	p := b.uninstall(t, w, 10*time.Minute)
	if p.Number != 1 || p.Step() != helpdesk.PurgeGrace || !p.GraceUntil.Equal(now.Add(70*time.Minute)) || !p.Deadline().Equal(now.Add(2*time.Hour)) {
		t.Errorf("begun: %+v", p)
	}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		again, begun, err := tx.BeginPurge(ctx, helpdesk.PurgeTokenDead, now.Add(2*time.Hour), now.Add(2*time.Hour), 0)
		if begun || again != p {
			t.Errorf("a second event: %v, %+v", begun, again)
		}
		if _, err := tx.Token(ctx, w.key); !errors.Is(err, helpdesk.ErrNotInstalled) {
			t.Errorf("destroyed token: %v", err)
		}
		if err := tx.Processing(ctx); !errors.Is(err, helpdesk.ErrNotInstalled) {
			t.Errorf("still worked on: %v", err)
		}
		return err
	})
	if _, err := b.store.Installed(t.Context(), "T1"); !errors.Is(err, helpdesk.ErrNotInstalled) {
		t.Errorf("installed: %v", err)
	}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		at, err := tx.Standing(ctx)
		if at.Installed || !at.Restorable || at.InstalledAt.IsZero() {
			t.Errorf("in the grace it stands as %+v", at)
		}
		if _, err := tx.CommitPurge(ctx, now); err != nil {
			return err
		}
		if at, err := tx.Standing(ctx); at.Installed || at.Restorable || err != nil {
			t.Errorf("after the grace it stands as %+v, %v", at, err)
		}
		return err
	})
}

// A reinstall and the end of the grace, at the same time: one of them wins, and both know which.
func TestRestoreBesideCommit(t *testing.T) {
	t.Parallel()
	b := setup(t)
	for n := range 20 {
		w := b.tenant(t, fmt.Sprint("T", n), "C1")
		b.uninstall(t, w, time.Minute)
		var restored, committed atomic.Bool
		b.atOnce(t, w, func(tx *postgres.Tx) error {
			ok, err := tx.RestorePurge(t.Context(), now.Add(time.Hour+30*time.Second))
			restored.Store(ok)
			return err
		}, func(tx *postgres.Tx) error {
			ok, err := tx.CommitPurge(t.Context(), now.Add(time.Hour+30*time.Second))
			committed.Store(ok)
			return err
		})
		if restored.Load() == committed.Load() {
			t.Fatalf("try %d: restored %v, committed %v", n, restored.Load(), committed.Load())
		}
		_, err := b.store.Restorable(t.Context(), fmt.Sprint("T", n), now.Add(time.Hour+30*time.Second))
		if !errors.Is(err, helpdesk.ErrNotInstalled) {
			t.Errorf("still to be restored: %v", err)
		}
	}
}

func TestASecondPurgeAfterARestore(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	first := b.uninstall(t, w, 40*time.Minute)
	id, err := b.store.Restorable(t.Context(), "T1", now.Add(90*time.Minute))
	if err != nil || id != w.id {
		t.Fatalf("to be restored: %v, %v", id, err)
	}
	back := now.Add(90 * time.Minute)
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		if ok, err := tx.RestorePurge(ctx, back); err != nil || !ok {
			t.Errorf("restored: %v, %v", ok, err)
		}
		pointed, err := tx.Point(ctx, "T1", back)
		if !pointed {
			t.Error("not pointed")
		}
		return err
	})
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error { // the first event once more
		p, begun, err := tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, now.Add(time.Hour), back, time.Minute)
		if begun || !p.Ended() {
			t.Errorf("an old event: begun %v, %+v", begun, p)
		}
		return err
	})
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		p, begun, err := tx.BeginPurge(ctx, helpdesk.PurgeUninstalled, back.Add(time.Minute), back.Add(time.Minute), time.Minute)
		if !begun || p.Number != 2 || p.Certificate != first.Certificate {
			t.Errorf("a new event: begun %v, %+v", begun, p)
		}
		return err
	})
	if open, err := b.store.Purges(t.Context(), 10); err != nil || len(open) != 1 || open[0].Number != 2 {
		t.Errorf("open purges: %+v, %v", open, err)
	}
}

// Rows go in bounded batches and are counted; another workspace's stay.
func TestDeleteRows(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w, other := b.tenant(t, "T1", "C1"), b.tenant(t, "T2", "C2")
	b.uninstall(t, w, 0)
	before := b.picture(t, other)
	var sum int64
	for {
		var n int64
		b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) (err error) {
			n, err = tx.DeleteRows(ctx, 2)
			return err
		})
		if n > 2 {
			t.Errorf("deleted %d rows at once, want two at most", n)
		}
		if sum += n; n == 0 {
			break
		}
	}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		left, err := tx.Census(ctx)
		if len(left) > 0 {
			t.Errorf("left: %v", left)
		}
		p, loaded := tx.Purge(ctx)
		if p.Rows != sum || sum < 7 { // workspace, installation, agent, channel, alias, request, text
			t.Errorf("counted %d, deleted %d", p.Rows, sum)
		}
		return errors.Join(err, loaded)
	})
	if after := b.picture(t, other); fmt.Sprint(after) != fmt.Sprint(before) {
		t.Errorf("another workspace changed:\nbefore %v\nafter  %v", before, after)
	}
}

// A table that a later migration adds must be purged, too.
func TestThePurgeKnowsEveryTable(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conn, err := pgx.Connect(t.Context(), b.admin.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	rows, err := conn.Query(t.Context(), `
		select table_schema || '.' || table_name from information_schema.columns
		where column_name = 'workspace_id' and table_schema in ('tenant', 'system') order by 1`)
	if err != nil {
		t.Fatal(err)
	}
	tables, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	outlives := []string{"system.purge", "system.certificate"} // the proof
	for _, table := range tables {
		if !slices.Contains(postgres.PurgeTables(), table) && !slices.Contains(outlives, table) {
			t.Errorf("%s has a workspace_id, and no purge deletes it", table)
		}
	}
}

func TestRuns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	b.uninstall(t, w, 0)
	mine := postgres.Run{WorkflowID: "request/" + w.request.String()}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		for range 2 { // a crash repeats it
			last, err := tx.ListRuns(ctx, "request/", helpdesk.RequestID{}, 10)
			if err != nil || last != w.request {
				t.Errorf("listed up to %v, %v", last, err)
			}
			if last, err = tx.ListRuns(ctx, "request/", last, 10); err != nil || last != (helpdesk.RequestID{}) {
				t.Errorf("listed on to %v, %v", last, err)
			}
		}
		other := postgres.Run{WorkflowID: "whisper/1", RunID: "r1"}
		if err := tx.AddRuns(ctx, []postgres.Run{other, {WorkflowID: mine.WorkflowID, RunID: "r2"}}); err != nil {
			return err
		}
		due, left, err := tx.DueRuns(ctx, now, 10)
		if err != nil || left != 2 || len(due) != 2 {
			t.Errorf("due %v of %d, %v", due, left, err)
		}
		for range 2 { // it is asked again where it takes long
			if err := tx.RecordRuns(ctx, []postgres.Run{mine}, []postgres.Run{other}, now); err != nil {
				return err
			}
		}
		if due, left, err = tx.DueRuns(ctx, now.Add(-time.Second), 10); err != nil || left != 1 || len(due) != 0 {
			t.Errorf("due %v of %d, %v, want to wait for the one asked", due, left, err)
		}
		p, err := tx.Purge(ctx)
		if p.Histories != 1 {
			t.Errorf("counted %d histories, want the one that Temporal has deleted", p.Histories)
		}
		return err
	})
}

// Looks that find nothing count one by one only with a while between them, and from the beginning for each step.
func TestCountQuiet(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	b.uninstall(t, w, 0)
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := tx.CommitPurge(ctx, now); err != nil {
			return err
		}
		for i, look := range []struct {
			after int // seconds
			quiet bool
			want  int
		}{
			{0, true, 1},
			{4, true, 1}, // another process, at almost the same time
			{5, true, 2},
			{6, false, 0},
			{10, true, 0}, // too soon after something was found
			{11, true, 1},
			{16, true, 2},
		} {
			at := now.Add(time.Duration(look.after) * time.Second)
			if times, err := tx.CountQuiet(ctx, look.quiet, at, 5*time.Second); err != nil || times != look.want {
				t.Errorf("look %d: quiet %d times, %v, want %d", i, times, err, look.want)
			}
		}
		if err := tx.FinishPurgeStep(ctx, helpdesk.PurgeHistories, now.Add(16*time.Second)); err != nil {
			return err
		}
		times, err := tx.CountQuiet(ctx, true, now.Add(21*time.Second), 5*time.Second)
		if times != 1 {
			t.Errorf("the next step's first look: quiet %d times", times)
		}
		return err
	})
}

func TestUnderWay(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	d := postgres.Delivery{ID: helpdesk.NewInboxID(now), DeliveryID: "Ev1", Workspace: w.id, Kind: "joined", Refs: []byte("{}"), ReceivedAt: now}
	if _, err := b.store.PutDelivery(t.Context(), d); err != nil {
		t.Fatal(err)
	}
	is := func(at time.Time, want bool) {
		t.Helper()
		b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
			busy, err := tx.UnderWay(ctx, at)
			if busy != want {
				t.Errorf("under way: %v, want %v", busy, want)
			}
			return err
		})
	}
	is(now, false) // it waits for whoever takes it
	if _, err := b.store.ClaimDeliveries(t.Context(), now, helpdesk.DeliveryLease, helpdesk.WorkspaceID{}, 10); err != nil {
		t.Fatal(err)
	}
	is(now.Add(helpdesk.DeliveryLease-time.Second), true)
	is(now.Add(helpdesk.DeliveryLease), false) // whoever took it is dead
	if err := b.store.FinishDelivery(t.Context(), d.ID, "joined", now); err != nil {
		t.Fatal(err)
	}
	is(now.Add(time.Second), false)
}

func TestPurged(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	b.uninstall(t, w, 0)
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		if _, err := tx.CommitPurge(ctx, now); err != nil {
			return err
		}
		return tx.FinishPurgeStep(ctx, helpdesk.PurgeCertify, now)
	})
	for since, want := range map[time.Time][]helpdesk.WorkspaceID{now.Add(-time.Second): {w.id}, now: nil} {
		if ids, err := b.store.Purged(t.Context(), since); err != nil || !slices.Equal(ids, want) {
			t.Errorf("since %v: %v, %v, want %v", since, ids, err, want)
		}
	}
}

// After the grace there is nothing to restore, also where nobody has come to committing the purge.
func TestNoRestoreAfterTheGrace(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	late := b.uninstall(t, w, time.Minute).GraceUntil
	if _, err := b.store.Restorable(t.Context(), "T1", late); !errors.Is(err, helpdesk.ErrNotInstalled) {
		t.Errorf("to be restored: %v", err)
	}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		restored, err := tx.RestorePurge(ctx, late)
		if restored {
			t.Error("restored after the grace")
		}
		return err
	})
}
