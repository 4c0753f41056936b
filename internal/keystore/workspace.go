package keystore

import (
	"context"
	"fmt"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

func workspaceContext(id helpdesk.WorkspaceID) seal.Context {
	return seal.Context{Purpose: "workspace-key", Workspace: id.String()}
}

func fieldAD(id helpdesk.WorkspaceID) seal.AD {
	return seal.AD{Workspace: id.String(), Table: "workspace_key", Column: "field_key", Row: id.String()}
}

// CreateWorkspaceKey makes the key of a workspace, unless it has one.
func (s *Store) CreateWorkspaceKey(ctx context.Context, id helpdesk.WorkspaceID) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	key, wrapped, err := s.wrapper.Generate(ctx, workspaceContext(id))
	if err != nil {
		return fmt.Errorf("make key of workspace %s: %w", id, err)
	}
	w := workspaceRow{version: 1, wrapped: wrapped, field: wrapFieldKey(key).Seal(seal.NewKey().Bytes(), fieldAD(id))}
	if err := s.rows.putWorkspace(ctx, id, w); err != nil {
		return fmt.Errorf("store key of workspace %s: %w", id, err)
	}
	return nil
}

// WorkspaceKey is what seals the fields of a workspace. It stays the same for good, while the workspace key that wraps it is
// replaced: see [Store.BeginRotation]. [helpdesk.ErrErased] from the moment it is destroyed, by whichever process.
func (s *Store) WorkspaceKey(ctx context.Context, id helpdesk.WorkspaceID) (seal.Key, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	w, err := s.rows.workspace(ctx, id)
	if err != nil {
		return seal.Key{}, fmt.Errorf("load key of workspace %s: %w", id, err)
	}
	key, err := s.unwrapWorkspaceKey(ctx, id, w.wrapped)
	if err != nil {
		return seal.Key{}, err
	}
	return fieldKey(id, w, key)
}

// fieldKey unwraps the key of the workspace's own fields with the current version of its key. Where there is none, the
// workspace is older than versions, and its first key has sealed them.
func fieldKey(id helpdesk.WorkspaceID, w workspaceRow, key seal.Key) (seal.Key, error) {
	if w.field == nil {
		return key, nil
	}
	field, _, err := unwrap(wrapFieldKey(key), w.field, fieldAD(id))
	if err != nil {
		return seal.Key{}, fmt.Errorf("unwrap field key of workspace %s: %w", id, err)
	}
	return field, nil
}

func wrapFieldKey(workspace seal.Key) seal.Key { return workspace.Derive("wrap-field-key") }

func (s *Store) unwrapWorkspaceKey(ctx context.Context, id helpdesk.WorkspaceID, wrapped []byte) (seal.Key, error) {
	if key, ok := s.cache.get(id, wrapped); ok {
		return key, nil
	}
	raw, err := s.wrapper.Unwrap(ctx, workspaceContext(id), wrapped)
	if err != nil {
		return seal.Key{}, fmt.Errorf("unwrap key of workspace %s: %w", id, err)
	}
	key, err := seal.KeyFromBytes(raw)
	if err != nil {
		return seal.Key{}, fmt.Errorf("unwrap key of workspace %s: %w", id, err)
	}
	s.cache.put(id, wrapped, key)
	return key, nil
}

// DestroyWorkspace destroys every key of a workspace and returns how many rows of them there were. Its first statement is
// the commit point of a purge: from then on nothing of the workspace can be read, no key can be added to it, and a tombstone
// says so for good. Harmless when repeated; ctx bounds the whole, a workspace of a million requests takes some seconds.
func (s *Store) DestroyWorkspace(ctx context.Context, id helpdesk.WorkspaceID) (n int64, err error) {
	defer s.cache.drop(id)
	if err := s.destroy(ctx, id, func(ctx context.Context) error { return s.rows.condemn(ctx, id) }); err != nil {
		return 0, err
	}
	for more := true; more; {
		var deleted int64
		err := s.destroy(ctx, id, func(ctx context.Context) (err error) {
			deleted, more, err = s.rows.deleteRequests(ctx, id)
			return err
		})
		if err != nil {
			return n, err
		}
		n += deleted
	}
	err = s.destroy(ctx, id, func(ctx context.Context) error {
		deleted, err := s.rows.deleteWorkspace(ctx, id)
		n += deleted
		return err
	})
	return n, err
}

func (s *Store) destroy(ctx context.Context, id helpdesk.WorkspaceID, f func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return wrapError(f(ctx), "destroy keys of workspace %s", id)
}

// Census counts the rows of keys that a workspace has left. Keys of deliveries belong to none.
func (s *Store) Census(ctx context.Context, id helpdesk.WorkspaceID) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, slow)
	defer cancel()
	n, err := s.rows.census(ctx, id)
	if err != nil {
		return 0, fmt.Errorf("count keys of workspace %s: %w", id, err)
	}
	return n, nil
}
