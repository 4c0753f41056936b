package keystore_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/seal"
)

func TestWorkspaceKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		first, err := b.WorkspaceKey(ctx, b.workspace)
		must(t, err)
		must(t, b.CreateWorkspaceKey(ctx, b.workspace))
		second, err := b.open(t).WorkspaceKey(ctx, b.workspace)
		must(t, err)
		wantSame(t, "after making it again", second, first)

		other := helpdesk.NewWorkspaceID(time.Now())
		must(t, b.CreateWorkspaceKey(ctx, other))
		foreign, err := b.WorkspaceKey(ctx, other)
		must(t, err)
		if string(foreign.Bytes()) == string(first.Bytes()) {
			t.Error("two workspaces share a key")
		}
	})
}

func TestUnknownWorkspaceReadsAsErased(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		_, err := setup(t).WorkspaceKey(t.Context(), helpdesk.NewWorkspaceID(time.Now()))
		wantErased(t, "unknown workspace", err)
	})
}

func TestWrapperIsAskedOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		b := setup(t)
		asked := b.wrapper.unwraps.Load()
		for range 10 {
			_, err := b.WorkspaceKey(t.Context(), b.workspace)
			must(t, err)
			_, err = b.RequestKeys(t.Context(), b.workspace, b.request)
			must(t, err)
		}
		if n := b.wrapper.unwraps.Load() - asked; n != 0 {
			t.Errorf("the wrapper was asked %d times for a key in memory", n)
		}
	})
}

func TestSwappedWorkspaceKeysDoNotOpen(t *testing.T) {
	t.Parallel()
	b, other := setup(t), helpdesk.NewWorkspaceID(time.Now())
	must(t, b.CreateWorkspaceKey(t.Context(), other))
	b.exec(t, `update keystore.workspace_key set wrapped = (select wrapped from keystore.workspace_key where workspace_id = $1)
		where workspace_id = $2`, b.workspace, other)
	if _, err := b.WorkspaceKey(t.Context(), other); !errors.Is(err, seal.ErrOpen) {
		t.Errorf("got %v, want %v", err, seal.ErrOpen)
	}
}

func TestDestroyWorkspace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		other, otherRequest := helpdesk.NewWorkspaceID(time.Now()), helpdesk.NewRequestID()
		must(t, b.CreateWorkspaceKey(ctx, other))
		must(t, b.CreateRequestKeys(ctx, other, otherRequest, seal.NewKey()))
		must(t, b.CreateRequestKeys(ctx, b.workspace, helpdesk.NewRequestID(), seal.NewKey()))
		if n, err := b.Census(ctx, b.workspace); err != nil || n != 3 {
			t.Errorf("census before: %d, %v, want 3", n, err)
		}
		elsewhere := b.open(t) // another process that has the key in memory
		_, err := elsewhere.WorkspaceKey(ctx, b.workspace)
		must(t, err)

		for i, want := range []int64{3, 0} {
			if n, err := b.DestroyWorkspace(ctx, b.workspace); err != nil || n != want {
				t.Errorf("time %d: destroyed %d, %v, want %d", i+1, n, err, want)
			}
		}
		if n, err := b.Census(ctx, b.workspace); err != nil || n != 0 {
			t.Errorf("census after: %d, %v, want 0", n, err)
		}
		for name, s := range map[string]*keystore.Store{"here": b.Store, "elsewhere": elsewhere, "after a restart": b.open(t)} {
			_, err := s.WorkspaceKey(ctx, b.workspace)
			wantErased(t, "workspace key "+name, err)
			_, err = s.RequestKeys(ctx, b.workspace, b.request)
			wantErased(t, "request keys "+name, err)
			wantErased(t, "adding "+name, s.CreateRequestKeys(ctx, b.workspace, helpdesk.NewRequestID(), seal.NewKey()))
		}
		if n, err := b.Census(ctx, other); err != nil || n != 2 {
			t.Errorf("census of another workspace: %d, %v, want 2", n, err)
		}
		if _, err := b.RequestKeys(ctx, other, otherRequest); err != nil {
			t.Errorf("another workspace's request: %v", err)
		}
	})
}

// However they interleave, what was added before the destruction is destroyed, and nothing is added after it.
func TestNothingIsAddedToADestroyedWorkspace(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		elsewhere := b.open(t)
		var wg sync.WaitGroup
		for range 8 {
			wg.Go(func() {
				for {
					if err := elsewhere.CreateRequestKeys(ctx, b.workspace, helpdesk.NewRequestID(), seal.NewKey()); err != nil {
						wantErased(t, "adding", err)
						return
					}
				}
			})
		}
		if _, err := b.DestroyWorkspace(ctx, b.workspace); err != nil {
			t.Error(err)
		}
		wg.Wait()
		if n, err := b.Census(ctx, b.workspace); err != nil || n != 0 {
			t.Errorf("census: %d, %v, want 0", n, err)
		}
	})
}
