package keystore

import (
	"context"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

const (
	rotateBatch = 200                   // request keys of one transaction
	rotateWait  = 50 * time.Millisecond // before another look at keys that somebody was changing
)

// Rotation is the replacement of a workspace key by its next version.
type Rotation struct {
	From, To int64
	Resumed  bool // somebody has begun it before
}

// BeginRotation gives a workspace the next version of its key, which wraps everything from then on; the one before stays
// beside it. A rotation that was not finished is resumed: there are never more than two versions.
// [helpdesk.ErrErased] where the workspace's key is gone.
func (s *Store) BeginRotation(ctx context.Context, id helpdesk.WorkspaceID) (Rotation, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for { // once more where somebody else changed the row meanwhile
		w, err := s.rows.workspace(ctx, id)
		if err != nil {
			return Rotation{}, fmt.Errorf("load key of workspace %s: %w", id, err)
		}
		if w.before != nil {
			return Rotation{From: w.version - 1, To: w.version, Resumed: true}, nil
		}
		next, err := s.nextVersion(ctx, id, w)
		if err != nil {
			return Rotation{}, err
		}
		swapped, err := s.rows.swapWorkspace(ctx, id, w, next)
		if err != nil {
			return Rotation{}, fmt.Errorf("store next key of workspace %s: %w", id, err)
		}
		if swapped {
			return Rotation{From: w.version, To: next.version}, nil
		}
	}
}

func (s *Store) nextVersion(ctx context.Context, id helpdesk.WorkspaceID, w workspaceRow) (next workspaceRow, err error) {
	key, err := s.unwrapWorkspaceKey(ctx, id, w.wrapped)
	if err != nil {
		return next, err
	}
	field, err := fieldKey(id, w, key)
	if err != nil {
		return next, err
	}
	fresh, wrapped, err := s.wrapper.Generate(ctx, workspaceContext(id))
	if err != nil {
		return next, fmt.Errorf("make next key of workspace %s: %w", id, err)
	}
	return workspaceRow{
		version: w.version + 1, wrapped: wrapped, before: w.wrapped,
		field: wrapFieldKey(fresh).Seal(field.Bytes(), fieldAD(id)),
	}, nil
}

// FinishRotation brings the keys of all requests under the current version of the workspace's key, and then destroys the
// version before. It calls moved after each batch with how many keys that was. It may be broken off anywhere, repeated, and
// run twice at once; everything can be read meanwhile. [helpdesk.ErrErased] where the workspace is destroyed meanwhile.
func (s *Store) FinishRotation(ctx context.Context, id helpdesk.WorkspaceID, moved func(int)) error {
	for {
		w, err := s.row(ctx, id)
		if err != nil || w.before == nil {
			return err
		}
		if err := s.move(ctx, id, w, moved); err != nil {
			return err
		}
		done, err := s.retire(ctx, id, w)
		if err != nil || done {
			return err
		}
		select {
		case <-ctx.Done():
			return fmt.Errorf("replace key of workspace %s: %w", id, ctx.Err())
		case <-time.After(rotateWait):
		}
	}
}

// row loads the row of a workspace's key.
func (s *Store) row(ctx context.Context, id helpdesk.WorkspaceID) (w workspaceRow, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if w, err = s.rows.workspace(ctx, id); err != nil {
		return w, fmt.Errorf("load key of workspace %s: %w", id, err)
	}
	return w, nil
}

// move brings request keys from the version before to the current one, once through all of them.
func (s *Store) move(ctx context.Context, id helpdesk.WorkspaceID, w workspaceRow, moved func(int)) error {
	older, err := s.unwrapWorkspaceKey(ctx, id, w.before)
	if err != nil {
		return err
	}
	newer, err := s.unwrapWorkspaceKey(ctx, id, w.wrapped)
	if err != nil {
		return err
	}
	var last helpdesk.RequestID
	for {
		n := 0
		last, n, err = s.moveBatch(ctx, id, w.version, last, wrapKey(older), wrapKey(newer))
		if err != nil || n == 0 {
			return err
		}
		moved(n)
	}
}

func (s *Store) moveBatch(ctx context.Context, ws helpdesk.WorkspaceID, version int64, after helpdesk.RequestID, older, newer seal.Key) (last helpdesk.RequestID, n int, err error) {
	ctx, cancel := context.WithTimeout(ctx, slow)
	defer cancel()
	from, err := s.rows.outdated(ctx, ws, version, after, rotateBatch)
	if err != nil || len(from) == 0 {
		return after, 0, wrapError(err, "list keys of workspace %s", ws)
	}
	to := make([]requestRow, len(from))
	for i, r := range from {
		to[i] = requestRow{id: r.id, version: version}
		if to[i].text, err = again(r.text, requestAD(ws, r.id, "text_key"), older, newer); err == nil {
			to[i].summary, err = again(r.summary, requestAD(ws, r.id, "summary_key"), older, newer)
		}
		if err != nil {
			return after, 0, fmt.Errorf("move keys of request %s: %w", r.id, err)
		}
	}
	err = s.rows.swapRequests(ctx, ws, from, to)
	return from[len(from)-1].id, len(from), wrapError(err, "move keys of workspace %s", ws)
}

// again wraps anew; a destroyed key stays destroyed.
func again(sealed []byte, ad seal.AD, older, newer seal.Key) ([]byte, error) {
	if sealed == nil {
		return nil, nil
	}
	key, err := older.Open(sealed, ad)
	if err != nil {
		return nil, err
	}
	return newer.Seal(key, ad), nil
}

// retire destroys the version before, unless something is still under it. Since there is a newer one, nothing can have come
// under it.
func (s *Store) retire(ctx context.Context, id helpdesk.WorkspaceID, w workspaceRow) (done bool, err error) {
	ctx, cancel := context.WithTimeout(ctx, slow)
	defer cancel()
	_, older, err := s.rows.count(ctx, id, w.version)
	if err != nil || older > 0 {
		return false, wrapError(err, "count keys of workspace %s", id)
	}
	to := w
	to.before = nil
	done, err = s.rows.swapWorkspace(ctx, id, w, to)
	return done, wrapError(err, "destroy former key of workspace %s", id)
}
