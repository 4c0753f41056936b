package keystore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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
	fresh := seal.NewKey()
	wrapped, err := s.wrapper.Wrap(ctx, workspaceContext(id), fresh.Bytes())
	if err != nil {
		return fmt.Errorf("wrap key of workspace %s: %w", id, err)
	}
	if _, err := s.pool.Exec(ctx, `
		insert into keystore.workspace_key (workspace_id, wrapped) values ($1, $2) on conflict do nothing`, id, wrapped); err != nil {
		return fmt.Errorf("store key of workspace %s: %w", id, err)
	}
	return nil
}

// WorkspaceKey is the key of a workspace, from memory for up to ten minutes. [helpdesk.ErrErased] once destroyed.
func (s *Store) WorkspaceKey(ctx context.Context, id helpdesk.WorkspaceID) (seal.Key, error) {
	if key, ok := s.cache.get(id, time.Now()); ok {
		return key, nil
	}
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var wrapped []byte
	err := s.pool.QueryRow(ctx, `select wrapped from keystore.workspace_key where workspace_id = $1`, id).Scan(&wrapped)
	if err != nil {
		return seal.Key{}, fmt.Errorf("load key of workspace %s: %w", id, erased(err))
	}
	raw, err := s.wrapper.Unwrap(ctx, workspaceContext(id), wrapped)
	if err != nil {
		return seal.Key{}, fmt.Errorf("unwrap key of workspace %s: %w", id, err)
	}
	key, err := seal.KeyFromBytes(raw)
	if err == nil {
		s.cache.put(id, key, time.Now())
	}
	return key, err
}

// DestroyWorkspace destroys every key of a workspace and returns how many there were. It is the commit point of a
// purge: from then on nothing of the workspace can be read.
func (s *Store) DestroyWorkspace(ctx context.Context, id helpdesk.WorkspaceID) (n int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	s.cache.drop(id)
	err = pgx.BeginFunc(ctx, s.pool, func(tx pgx.Tx) error {
		for _, q := range []string{
			`delete from keystore.workspace_key where workspace_id = $1`, // first: it wraps the others
			`delete from keystore.request_key where workspace_id = $1`,
		} {
			tag, err := tx.Exec(ctx, q, id)
			if err != nil {
				return err
			}
			n += tag.RowsAffected()
		}
		return nil
	})
	s.cache.drop(id) // a reader may have put it back meanwhile
	if err != nil {
		return 0, fmt.Errorf("destroy keys of workspace %s: %w", id, err)
	}
	return n, nil
}

// Census counts the keys of a workspace.
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
