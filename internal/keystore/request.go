package keystore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// RequestKeys are the two keys of a request. A destroyed one is absent.
type RequestKeys struct {
	Text, Summary       seal.Key
	HasText, HasSummary bool
}

func requestAD(ws helpdesk.WorkspaceID, id helpdesk.RequestID, column string) seal.AD {
	return seal.AD{Workspace: ws.String(), Table: "request_key", Column: column, Row: id.String()}
}

// wrapKey is derived from the workspace key, which itself seals fields.
func wrapKey(workspace seal.Key) seal.Key { return workspace.Derive("wrap-request-key") }

// CreateRequestKeys stores the text key of a request and makes its summary key, unless it has them.
// [helpdesk.ErrErased] where the workspace's key is gone.
func (s *Store) CreateRequestKeys(ctx context.Context, ws helpdesk.WorkspaceID, id helpdesk.RequestID, text seal.Key) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	workspace, err := s.WorkspaceKey(ctx, ws)
	if err != nil {
		return err
	}
	wrap := wrapKey(workspace)
	// The share lock makes a purge's commit point and this wait for each other: a plain reference to the row would not,
	// because the purge changes none of its key columns.
	var living bool
	err = s.pool.QueryRow(ctx, `
		with living as materialized (
		  select workspace_id from keystore.workspace_key where workspace_id = $1 and wrapped is not null for share
		), added as (
		  insert into keystore.request_key (workspace_id, request_id, text_key, summary_key)
		  select workspace_id, $2, $3, $4 from living on conflict do nothing
		)
		select exists (select from living)`, ws, id,
		wrap.Seal(text.Bytes(), requestAD(ws, id, "text_key")),
		wrap.Seal(seal.NewKey().Bytes(), requestAD(ws, id, "summary_key"))).Scan(&living)
	if err == nil && !living {
		err = helpdesk.ErrErased
	}
	if err != nil {
		return fmt.Errorf("store keys of request %s: %w", id, erased(err))
	}
	return nil
}

// RequestKeys loads the keys of a request. [helpdesk.ErrErased] where both, or the workspace's, are gone.
func (s *Store) RequestKeys(ctx context.Context, ws helpdesk.WorkspaceID, id helpdesk.RequestID) (k RequestKeys, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var text, summary, wrapped []byte
	err = s.pool.QueryRow(ctx, `
		select r.text_key, r.summary_key, w.wrapped
		from keystore.request_key r join keystore.workspace_key w using (workspace_id)
		where workspace_id = $1 and request_id = $2 and w.wrapped is not null`, ws, id).
		Scan(&text, &summary, &wrapped)
	if err != nil {
		return k, fmt.Errorf("load keys of request %s: %w", id, erased(err))
	}
	workspace, err := s.unwrapWorkspaceKey(ctx, ws, wrapped)
	if err != nil {
		return k, err
	}
	wrap := wrapKey(workspace)
	if k.Text, k.HasText, err = unwrap(wrap, text, requestAD(ws, id, "text_key")); err != nil {
		return k, fmt.Errorf("unwrap text key of request %s: %w", id, err)
	}
	if k.Summary, k.HasSummary, err = unwrap(wrap, summary, requestAD(ws, id, "summary_key")); err != nil {
		return k, fmt.Errorf("unwrap summary key of request %s: %w", id, err)
	}
	if !k.HasText && !k.HasSummary {
		return k, fmt.Errorf("load keys of request %s: %w", id, helpdesk.ErrErased)
	}
	return k, nil
}

func unwrap(wrap seal.Key, sealed []byte, ad seal.AD) (key seal.Key, there bool, err error) {
	if sealed == nil {
		return key, false, nil
	}
	raw, err := wrap.Open(sealed, ad)
	if err != nil {
		return key, false, err
	}
	key, err = seal.KeyFromBytes(raw)
	return key, err == nil, err
}

// DestroyRequestKeys destroys one key of a request or both. Harmless when repeated.
func (s *Store) DestroyRequestKeys(ctx context.Context, ws helpdesk.WorkspaceID, id helpdesk.RequestID, text, summary bool) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var batch pgx.Batch // one transaction
	batch.Queue(`
		update keystore.request_key
		set text_key = case when $3 then null else text_key end,
		    summary_key = case when $4 then null else summary_key end
		where workspace_id = $1 and request_id = $2`, ws, id, text, summary)
	batch.Queue(`
		delete from keystore.request_key
		where workspace_id = $1 and request_id = $2 and text_key is null and summary_key is null`, ws, id)
	if err := s.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("destroy keys of request %s: %w", id, err)
	}
	return nil
}

// DestroyTextKeys destroys the text keys of many requests at once. Harmless when repeated.
func (s *Store) DestroyTextKeys(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var batch pgx.Batch // one transaction
	batch.Queue(`update keystore.request_key set text_key = null where workspace_id = $1 and request_id = any($2)`, ws, ids)
	batch.Queue(`
		delete from keystore.request_key
		where workspace_id = $1 and request_id = any($2) and text_key is null and summary_key is null`, ws, ids)
	if err := s.pool.SendBatch(ctx, &batch).Close(); err != nil {
		return fmt.Errorf("destroy text keys of %d requests: %w", len(ids), err)
	}
	return nil
}

// OldRequestKeys lists requests of a workspace that have keys made before the given time, after an id and in id order, at
// most limit.
func (s *Store) OldRequestKeys(ctx context.Context, ws helpdesk.WorkspaceID, before time.Time, after helpdesk.RequestID, limit int) ([]helpdesk.RequestID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, `
		select request_id from keystore.request_key
		where workspace_id = $1 and request_id > $2 and created_at < $3 order by request_id limit $4`, ws, after, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list keys of workspace %s: %w", ws, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.RequestID])
	if err != nil {
		return nil, fmt.Errorf("list keys of workspace %s: %w", ws, err)
	}
	return ids, nil
}
