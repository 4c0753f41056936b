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

// CreateWorkspaceKey makes the key of a workspace, unless it has one.
func (s *Store) CreateWorkspaceKey(ctx context.Context, id helpdesk.WorkspaceID) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, wrapped, err := s.wrapper.Generate(ctx, workspaceContext(id))
	if err != nil {
		return fmt.Errorf("make key of workspace %s: %w", id, err)
	}
	if _, err := s.pool.Exec(ctx, `
		insert into keystore.workspace_key (workspace_id, wrapped) values ($1, $2) on conflict do nothing`, id, wrapped); err != nil {
		return fmt.Errorf("store key of workspace %s: %w", id, err)
	}
	return nil
}

// WorkspaceKey is the key of a workspace. [helpdesk.ErrErased] from the moment it is destroyed, by whichever process.
func (s *Store) WorkspaceKey(ctx context.Context, id helpdesk.WorkspaceID) (seal.Key, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var wrapped []byte
	err := s.pool.QueryRow(ctx, `select wrapped from keystore.workspace_key where workspace_id = $1`, id).Scan(&wrapped)
	if err == nil && wrapped == nil { // a purge is at it
		err = helpdesk.ErrErased
	}
	if err != nil {
		return seal.Key{}, fmt.Errorf("load key of workspace %s: %w", id, erased(err))
	}
	return s.unwrapWorkspaceKey(ctx, id, wrapped)
}

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

// destroyBatch is how many request keys one transaction deletes.
const destroyBatch = 20_000

// DestroyWorkspace destroys every key of a workspace and returns how many rows of them there were. Its first statement is
// the commit point of a purge: from then on nothing of the workspace can be read, no key can be added to it, and a tombstone
// says so for good. Harmless
// when repeated; ctx bounds the whole, a workspace of a million requests takes some seconds.
func (s *Store) DestroyWorkspace(ctx context.Context, id helpdesk.WorkspaceID) (n int64, err error) {
	defer s.cache.drop(id)
	if _, err := s.destroy(ctx, `
		with condemned as (
		  update keystore.workspace_key set wrapped = null where workspace_id = $1 and wrapped is not null returning workspace_id)
		insert into keystore.tombstone (workspace_id) select workspace_id from condemned on conflict do nothing`, id); err != nil {
		return 0, err
	}
	for more := true; more; {
		deleted, err := s.destroy(ctx, `
			delete from keystore.request_key
			where ctid = any(array(select ctid from keystore.request_key where workspace_id = $1 limit $2))`, id, destroyBatch)
		if err != nil {
			return n, err
		}
		n, more = n+deleted, deleted > 0 // to the end: a row that somebody is changing is passed over once
	}
	deleted, err := s.destroy(ctx, `delete from keystore.workspace_key where workspace_id = $1`, id)
	return n + deleted, err
}

func (s *Store) destroy(ctx context.Context, sql string, id helpdesk.WorkspaceID, args ...any) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	tag, err := s.pool.Exec(ctx, sql, append([]any{id}, args...)...)
	if err != nil {
		return 0, fmt.Errorf("destroy keys of workspace %s: %w", id, err)
	}
	return tag.RowsAffected(), nil
}

// Census counts the rows of keys that a workspace has left. Keys of deliveries belong to none.
func (s *Store) Census(ctx context.Context, id helpdesk.WorkspaceID) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var n int64
	err := s.pool.QueryRow(ctx, `
		select (select count(*) from keystore.workspace_key where workspace_id = $1)
		     + (select count(*) from keystore.request_key where workspace_id = $1)`, id).Scan(&n)
	if err != nil {
		return 0, fmt.Errorf("count keys of workspace %s: %w", id, err)
	}
	return n, nil
}
