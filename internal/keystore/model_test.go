package keystore_test

import (
	"errors"
	"testing"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// The version of a workspace's model setting only rises, outlives a replacement of its key, and goes with the workspace.
func TestTheModelVersionOnlyRises(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, setup func(*testing.T) *bundle) {
		ctx, b := t.Context(), setup(t)
		if v := must1(b.ModelVersion(ctx, b.workspace))(t); v != 0 {
			t.Errorf("of one that never chose: %d", v)
		}
		for _, tt := range []struct{ raise, want int64 }{{1, 1}, {3, 3}, {2, 3}} {
			must(t, b.RaiseModel(ctx, b.workspace, tt.raise))
			if v := must1(b.ModelVersion(ctx, b.workspace))(t); v != tt.want {
				t.Errorf("raised to %d: %d, want %d", tt.raise, v, tt.want)
			}
		}
		must1(b.BeginRotation(ctx, b.workspace))(t)
		must(t, b.FinishRotation(ctx, b.workspace, func(int) {}))
		if v := must1(b.ModelVersion(ctx, b.workspace))(t); v != 3 {
			t.Errorf("after a rotation: %d", v)
		}
		must1(b.DestroyWorkspace(ctx, b.workspace))(t)
		if err := b.RaiseModel(ctx, b.workspace, 4); !errors.Is(err, helpdesk.ErrErased) {
			t.Errorf("raised for a destroyed workspace: %v", err)
		}
		if _, err := b.ModelVersion(ctx, b.workspace); !errors.Is(err, helpdesk.ErrErased) {
			t.Errorf("of a destroyed workspace: %v", err)
		}
	})
}
