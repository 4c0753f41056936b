package keystore_test

import (
	"bytes"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// The mark is the same for every process, and only rises, whoever is late.
func TestTheMarkOnlyRises(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		first := must1(b.Mark(ctx))(t)
		if first.Keystore == "" || first.Number != 0 || !first.At.IsZero() {
			t.Errorf("the first mark: %+v", first)
		}
		elsewhere := b.open(t)
		var wg sync.WaitGroup
		for n := range int64(12) {
			s := []*keystore.Store{b.Store, elsewhere}[n%2]
			wg.Go(func() {
				if err := s.RaiseMark(ctx, n+1); err != nil {
					t.Error(err)
				}
			})
		}
		wg.Wait()
		must(t, elsewhere.RaiseMark(ctx, 3))
		first.Number = 12
		for name, s := range map[string]*keystore.Store{"here": b.Store, "elsewhere": elsewhere, "after a restart": b.open(t)} {
			if m := must1(s.Mark(ctx))(t); m != first {
				t.Errorf("%s: %+v, want %+v", name, m, first)
			}
		}
	})
}

func TestTwoTablesAreTwoKeyStores(t *testing.T) {
	t.Parallel()
	one, two := freshTable(t).fill(t), freshTable(t).fill(t)
	if a, b := must1(one.Mark(t.Context()))(t), must1(two.Mark(t.Context()))(t); a.Keystore == b.Keystore {
		t.Errorf("both are %s", a.Keystore)
	}
}

// A destroyed workspace leaves a tombstone for good, from the moment its key is gone, and with the time of the first time.
func TestTombstones(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		all := func() []helpdesk.Tombstone { return must1(b.Tombstones(ctx, helpdesk.WorkspaceID{}, 500))(t) }
		dead := []helpdesk.WorkspaceID{b.workspace}
		for range 4 {
			id := helpdesk.NewWorkspaceID(time.Now())
			must(t, b.CreateWorkspaceKey(ctx, id))
			dead = append(dead, id)
		}
		slices.SortFunc(dead, func(x, y helpdesk.WorkspaceID) int { return bytes.Compare(x[:], y[:]) }) // those of one millisecond are in no order
		kept := helpdesk.NewWorkspaceID(time.Now())
		must(t, b.CreateWorkspaceKey(ctx, kept))
		if found := all(); len(found) != 0 {
			t.Errorf("before: %v", found)
		}
		began := time.Now().Add(-time.Minute)                                  // of another clock
		for _, id := range append(dead, helpdesk.NewWorkspaceID(time.Now())) { // the last has no keys: nothing is destroyed
			must1(b.DestroyWorkspace(ctx, id))(t)
		}
		found := all()
		var listed []helpdesk.WorkspaceID
		for _, tomb := range found {
			listed = append(listed, tomb.Workspace)
			if tomb.DestroyedAt.Before(began) || tomb.DestroyedAt.After(time.Now().Add(time.Minute)) {
				t.Errorf("destroyed at %v", tomb.DestroyedAt)
			}
		}
		if !slices.Equal(listed, dead) {
			t.Errorf("listed %v, want %v", listed, dead)
		}
		must1(b.DestroyWorkspace(ctx, dead[0]))(t)
		must(t, b.CreateWorkspaceKey(ctx, dead[1]))
		must1(b.DestroyWorkspace(ctx, dead[1]))(t)
		if again := all(); !slices.EqualFunc(again, found, func(x, y helpdesk.Tombstone) bool {
			return x.Workspace == y.Workspace && x.DestroyedAt.Equal(y.DestroyedAt)
		}) {
			t.Errorf("destroyed again: %v, was %v", again, found)
		}
		var paged []helpdesk.WorkspaceID
		for last := (helpdesk.WorkspaceID{}); ; last = paged[len(paged)-1] {
			page := must1(b.Tombstones(ctx, last, 2))(t)
			if len(page) == 0 {
				break
			}
			for _, tomb := range page {
				paged = append(paged, tomb.Workspace)
			}
		}
		if !slices.Equal(paged, dead) {
			t.Errorf("in pages: %v, want %v", paged, dead)
		}
	})
}

// A purge that was broken off right after its commit point, by a release that knew no tombstones, leaves one when it goes on.
func TestAPurgeUnderWayLeavesATombstone(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		b.condemn(t)
		must1(b.DestroyWorkspace(ctx, b.workspace))(t)
		if found := must1(b.Tombstones(ctx, helpdesk.WorkspaceID{}, 2))(t); len(found) != 1 || found[0].Workspace != b.workspace {
			t.Errorf("listed %v", found)
		}
	})
}

// Which keys are left is told without opening one, of as many as are asked for.
func TestKeysLeft(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		ids := append(b.requests(t, 119), b.request)
		scrubbed, unsummed, gone, unknown := ids[0], ids[1], ids[2], helpdesk.NewRequestID()
		must(t, b.DestroyTextKeys(ctx, b.workspace, []helpdesk.RequestID{scrubbed}))
		must(t, b.DestroyRequestKeys(ctx, b.workspace, unsummed, false, true))
		must(t, b.DestroyRequestKeys(ctx, b.workspace, gone, true, true))
		asked := b.wrapper.unwraps.Load()
		left := must1(b.KeysLeft(ctx, b.workspace, append(ids, unknown, scrubbed)))(t)
		if n := b.wrapper.unwraps.Load() - asked; n != 0 {
			t.Errorf("the wrapper was asked %d times", n)
		}
		if len(left) != len(ids)-1 {
			t.Errorf("%d requests have keys, want %d", len(left), len(ids)-1)
		}
		for _, id := range ids {
			want := keystore.Left{Request: id, Text: id != scrubbed, Summary: id != unsummed}
			if got, ok := left[id]; ok && got != want || ok == (id == gone) {
				t.Errorf("left %+v (%t), want %+v", got, ok, want)
			}
		}
		if of := must1(b.KeysLeft(ctx, b.workspace, nil))(t); len(of) != 0 {
			t.Errorf("of none: %v", of)
		}

		deliveries := []helpdesk.InboxID{helpdesk.NewInboxID(time.Now()), helpdesk.NewInboxID(time.Now()), helpdesk.NewInboxID(time.Now())}
		for _, id := range deliveries[:2] {
			must(t, b.PutInboxKey(ctx, id, seal.NewKey()))
		}
		must(t, b.DestroyInboxKeys(ctx, deliveries[1]))
		if found := must1(b.InboxKeysLeft(ctx, append(deliveries, deliveries...)))(t); !slices.Equal(found, deliveries[:1]) {
			t.Errorf("deliveries with a key: %v, want %v", found, deliveries[:1])
		}
	})
}
