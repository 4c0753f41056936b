package keystore

import (
	"context"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// KeyStatus is what is known of a workspace's key.
type KeyStatus struct {
	Version  int64
	Since    time.Time // when this version was made
	Under    string    // the wrapping key
	Current  bool      // that is the one in use, also for the version before
	Rotating bool      // there is a version before
	Requests int64     // that have keys
	Older    int64     // of those, under the version before
}

// KeyStatus opens the key of a workspace and counts what it wraps. [helpdesk.ErrErased] where it is gone.
func (s *Store) KeyStatus(ctx context.Context, id helpdesk.WorkspaceID) (st KeyStatus, err error) {
	ctx, cancel := context.WithTimeout(ctx, slow)
	defer cancel()
	w, err := s.rows.workspace(ctx, id)
	if err != nil {
		return st, fmt.Errorf("load key of workspace %s: %w", id, err)
	}
	st = KeyStatus{Version: w.version, Since: w.since, Rotating: w.before != nil}
	if st.Under, st.Current, err = s.wrapper.Under(ctx, workspaceContext(id), w.wrapped); err != nil {
		return st, fmt.Errorf("unwrap key of workspace %s: %w", id, err)
	}
	if st.Rotating {
		_, current, err := s.wrapper.Under(ctx, workspaceContext(id), w.before)
		if err != nil {
			return st, fmt.Errorf("unwrap former key of workspace %s: %w", id, err)
		}
		st.Current = st.Current && current
	}
	if st.Requests, st.Older, err = s.rows.count(ctx, id, w.version); err != nil {
		return st, fmt.Errorf("count keys of workspace %s: %w", id, err)
	}
	return st, nil
}

// IngressStatus opens the ingress key and names the wrapping key; current is true for the one in use.
func (s *Store) IngressStatus(ctx context.Context) (under string, current bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	wrapped, err := s.rows.ingress(ctx)
	if err == nil {
		under, current, err = s.wrapper.Under(ctx, ingressContext, wrapped)
	}
	if err != nil {
		return "", false, fmt.Errorf("load ingress key: %w", err)
	}
	return under, current, nil
}

// RewrapWorkspaceKey wraps the key of a workspace under the wrapping key in use; changed is false where it is already.
// Harmless when repeated or run beside a rotation. [helpdesk.ErrErased] where the key is gone.
func (s *Store) RewrapWorkspaceKey(ctx context.Context, id helpdesk.WorkspaceID) (changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for { // once more where somebody else changed the row meanwhile
		w, err := s.rows.workspace(ctx, id)
		if err != nil {
			return false, fmt.Errorf("load key of workspace %s: %w", id, err)
		}
		to := w
		var first, second bool
		to.wrapped, first, err = seal.Rewrap(ctx, s.wrapper, workspaceContext(id), w.wrapped)
		if err == nil && w.before != nil {
			to.before, second, err = seal.Rewrap(ctx, s.wrapper, workspaceContext(id), w.before)
		}
		if err != nil || !first && !second {
			return false, wrapError(err, "rewrap key of workspace %s", id)
		}
		swapped, err := s.rows.swapWorkspace(ctx, id, w, to)
		if err != nil || swapped {
			return swapped, wrapError(err, "store key of workspace %s", id)
		}
	}
}

// RewrapIngressKey does the same for the ingress key. Processes that have it in memory notice nothing.
func (s *Store) RewrapIngressKey(ctx context.Context) (changed bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for {
		from, err := s.rows.ingress(ctx)
		if err != nil {
			return false, fmt.Errorf("load ingress key: %w", err)
		}
		to, changed, err := seal.Rewrap(ctx, s.wrapper, ingressContext, from)
		if err != nil || !changed {
			return false, wrapError(err, "rewrap ingress key")
		}
		swapped, err := s.rows.swapIngress(ctx, from, to)
		if err != nil || swapped {
			return swapped, wrapError(err, "store ingress key")
		}
	}
}
