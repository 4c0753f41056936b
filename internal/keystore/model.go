package keystore

import (
	"context"
	"fmt"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// RaiseModel notes, before it is so, that the main database reaches a version of the setting that says whose model reads a
// workspace's requests. It never goes back: a database that was restored to an earlier version is told by it.
// [helpdesk.ErrErased] where the workspace's key is gone.
func (s *Store) RaiseModel(ctx context.Context, id helpdesk.WorkspaceID, version int64) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if _, err := s.rows.workspace(ctx, id); err != nil {
		return fmt.Errorf("load key of workspace %s: %w", id, err)
	}
	return wrapError(s.rows.raiseModel(ctx, id, version), "note model version of workspace %s", id)
}

// ModelVersion is the highest version that was noted; zero where none ever was.
func (s *Store) ModelVersion(ctx context.Context, id helpdesk.WorkspaceID) (int64, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	version, err := s.rows.modelVersion(ctx, id)
	return version, wrapError(err, "load model version of workspace %s", id)
}

func (p *postgresRows) raiseModel(ctx context.Context, id helpdesk.WorkspaceID, version int64) error {
	_, err := p.pool.Exec(ctx, `update keystore.workspace_key set model_version = $2 where workspace_id = $1 and model_version < $2`, id, version)
	return err
}

func (p *postgresRows) modelVersion(ctx context.Context, id helpdesk.WorkspaceID) (version int64, err error) {
	err = p.pool.QueryRow(ctx, `select model_version from keystore.workspace_key where workspace_id = $1`, id).Scan(&version)
	return version, erased(err)
}

func (d *dynamoRows) raiseModel(ctx context.Context, id helpdesk.WorkspaceID, version int64) error {
	key, values := at(partition(id), sortKey), item{":n": num(version)}
	first, err := d.update(ctx, key, "set model_version = :n", "attribute_exists(key_wrapped) and attribute_not_exists(model_version)", values)
	if err != nil || first {
		return err
	}
	_, err = d.update(ctx, key, "set model_version = :n", "model_version < :n", values)
	return err
}

func (d *dynamoRows) modelVersion(ctx context.Context, id helpdesk.WorkspaceID) (int64, error) {
	i, err := d.get(ctx, partition(id), sortKey)
	if err == nil && i == nil {
		err = helpdesk.ErrErased
	}
	return i.number("model_version"), err
}
