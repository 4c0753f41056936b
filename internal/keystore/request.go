package keystore

import (
	"context"
	"fmt"
	"time"

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

// wrapKey is derived from the workspace key, which wraps more than this.
func wrapKey(workspace seal.Key) seal.Key { return workspace.Derive("wrap-request-key") }

// CreateRequestKeys stores the text key of a request and makes its summary key, unless it has them.
// [helpdesk.ErrErased] where the workspace's key is gone.
func (s *Store) CreateRequestKeys(ctx context.Context, ws helpdesk.WorkspaceID, id helpdesk.RequestID, text seal.Key) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	summary := seal.NewKey()
	for { // once more where the workspace's key was replaced meanwhile: nothing may be added under an older version
		w, err := s.rows.workspace(ctx, ws)
		if err != nil {
			return fmt.Errorf("load key of workspace %s: %w", ws, err)
		}
		workspace, err := s.unwrapWorkspaceKey(ctx, ws, w.wrapped)
		if err != nil {
			return err
		}
		wrap := wrapKey(workspace)
		stored, err := s.rows.putRequest(ctx, ws, requestRow{
			id: id, version: w.version,
			text:    wrap.Seal(text.Bytes(), requestAD(ws, id, "text_key")),
			summary: wrap.Seal(summary.Bytes(), requestAD(ws, id, "summary_key")),
		})
		if err != nil {
			return fmt.Errorf("store keys of request %s: %w", id, err)
		}
		if stored {
			return nil
		}
	}
}

// RequestKeys loads the keys of a request. [helpdesk.ErrErased] where both, or the workspace's, are gone.
func (s *Store) RequestKeys(ctx context.Context, ws helpdesk.WorkspaceID, id helpdesk.RequestID) (RequestKeys, error) {
	found, err := s.KeysOfRequests(ctx, ws, []helpdesk.RequestID{id})
	k, there := found[id]
	if err == nil && !there {
		err = fmt.Errorf("load keys of request %s: %w", id, helpdesk.ErrErased)
	}
	return k, err
}

// wrappedRequest loads the keys of a request as they are stored, and the version of the workspace's key that they are under.
func (s *Store) wrappedRequest(ctx context.Context, ws helpdesk.WorkspaceID, id helpdesk.RequestID) (r requestRow, workspace seal.Key, err error) {
	found, w, err := s.rows.requests(ctx, ws, []helpdesk.RequestID{id})
	if err == nil && len(found) == 0 {
		err = helpdesk.ErrErased
	}
	if err != nil {
		return r, workspace, fmt.Errorf("load keys of request %s: %w", id, err)
	}
	workspace, err = s.unwrapWorkspaceKey(ctx, ws, w.over(found[0]))
	return found[0], workspace, err
}

// KeysOfRequests loads the keys of some requests of a workspace, in one call; a request both of whose keys are gone is absent.
// [helpdesk.ErrErased] where the workspace's key is gone.
func (s *Store) KeysOfRequests(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID) (map[helpdesk.RequestID]RequestKeys, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	found, w, err := s.rows.requests(ctx, ws, ids)
	if err != nil {
		return nil, fmt.Errorf("load keys of %d requests: %w", len(ids), err)
	}
	keys := make(map[helpdesk.RequestID]RequestKeys, len(found))
	wraps := make(map[int64]seal.Key) // by version
	for _, r := range found {
		wrap, ok := wraps[r.version]
		if !ok {
			workspace, err := s.unwrapWorkspaceKey(ctx, ws, w.over(r))
			if err != nil {
				return nil, err
			}
			wrap = wrapKey(workspace)
			wraps[r.version] = wrap
		}
		k, err := r.open(wrap, ws)
		if err != nil {
			return nil, err
		}
		if k.HasText || k.HasSummary {
			keys[r.id] = k
		}
	}
	return keys, nil
}

// open unwraps the keys of a row.
func (r requestRow) open(wrap seal.Key, ws helpdesk.WorkspaceID) (k RequestKeys, err error) {
	if k.Text, k.HasText, err = unwrap(wrap, r.text, requestAD(ws, r.id, "text_key")); err != nil {
		return k, fmt.Errorf("unwrap text key of request %s: %w", r.id, err)
	}
	if k.Summary, k.HasSummary, err = unwrap(wrap, r.summary, requestAD(ws, r.id, "summary_key")); err != nil {
		return k, fmt.Errorf("unwrap summary key of request %s: %w", r.id, err)
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

// ReplaceTextKey makes key the text key of a request, so that what was sealed before opens no more, in no backup either. It
// reports false, changing nothing, where the text key is neither old nor key: somebody was faster. [helpdesk.ErrErased]
// where the text key is destroyed.
func (s *Store) ReplaceTextKey(ctx context.Context, ws helpdesk.WorkspaceID, id helpdesk.RequestID, old, key seal.Key) (bool, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for { // again where a rotation has moved the row meanwhile
		r, workspace, err := s.wrappedRequest(ctx, ws, id)
		if err != nil {
			return false, err
		}
		wrap := wrapKey(workspace)
		now, there, err := unwrap(wrap, r.text, requestAD(ws, id, "text_key"))
		switch {
		case err != nil:
			return false, fmt.Errorf("unwrap text key of request %s: %w", id, err)
		case !there:
			return false, fmt.Errorf("replace text key of request %s: %w", id, helpdesk.ErrErased)
		case now.Equal(key):
			return true, nil
		case !now.Equal(old):
			return false, nil
		}
		next := r
		next.text = wrap.Seal(key.Bytes(), requestAD(ws, id, "text_key"))
		if err := s.rows.swapRequests(ctx, ws, []requestRow{r}, []requestRow{next}); err != nil {
			return false, fmt.Errorf("replace text key of request %s: %w", id, err)
		}
	}
}

// DestroyRequestKeys destroys one key of a request or both. Harmless when repeated.
func (s *Store) DestroyRequestKeys(ctx context.Context, ws helpdesk.WorkspaceID, id helpdesk.RequestID, text, summary bool) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.rows.destroy(ctx, ws, []helpdesk.RequestID{id}, text, summary); err != nil {
		return fmt.Errorf("destroy keys of request %s: %w", id, err)
	}
	return nil
}

// DestroyTextKeys destroys the text keys of many requests at once. Harmless when repeated.
func (s *Store) DestroyTextKeys(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.rows.destroy(ctx, ws, ids, true, false); err != nil {
		return fmt.Errorf("destroy text keys of %d requests: %w", len(ids), err)
	}
	return nil
}

// OldRequestKeys lists requests of a workspace that have keys made before the given time, after an id and in id order, at
// most limit.
func (s *Store) OldRequestKeys(ctx context.Context, ws helpdesk.WorkspaceID, before time.Time, after helpdesk.RequestID, limit int) ([]helpdesk.RequestID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ids, err := s.rows.oldRequests(ctx, ws, before, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list keys of workspace %s: %w", ws, err)
	}
	return ids, nil
}
