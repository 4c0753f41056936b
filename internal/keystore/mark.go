package keystore

import (
	"context"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Mark says which key store this is and how far the main database is known to have come.
func (s *Store) Mark(ctx context.Context) (helpdesk.Mark, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	m, err := s.rows.mark(ctx)
	return m, wrapError(err, "load mark of key store")
}

// RaiseMark notes that the main database has reached a mark. It never goes back.
func (s *Store) RaiseMark(ctx context.Context, number int64) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return wrapError(s.rows.raiseMark(ctx, number), "raise mark of key store")
}

// Tombstones lists the workspaces whose keys were destroyed, after an id and in id order, at most limit.
func (s *Store) Tombstones(ctx context.Context, after helpdesk.WorkspaceID, limit int) ([]helpdesk.Tombstone, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	found, err := s.rows.tombstones(ctx, after, limit)
	return found, wrapError(err, "list tombstones")
}

// Left is which keys of a request are left.
type Left struct {
	Request       helpdesk.RequestID
	Text, Summary bool
}

// KeysLeft tells which keys some requests of a workspace have left; one without any is absent. It opens none, and so asks no
// key wrapper.
func (s *Store) KeysLeft(ctx context.Context, ws helpdesk.WorkspaceID, ids []helpdesk.RequestID) (map[helpdesk.RequestID]Left, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	found, err := s.rows.keysLeft(ctx, ws, ids)
	if err != nil {
		return nil, wrapError(err, "look for keys of %d requests", len(ids))
	}
	left := make(map[helpdesk.RequestID]Left, len(found))
	for _, l := range found {
		left[l.Request] = l
	}
	return left, nil
}

// InboxKeysLeft tells which of some deliveries have their key.
func (s *Store) InboxKeysLeft(ctx context.Context, ids []helpdesk.InboxID) ([]helpdesk.InboxID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	left, err := s.rows.inboxKeysLeft(ctx, ids)
	return left, wrapError(err, "look for keys of %d deliveries", len(ids))
}
