package keystore

import (
	"context"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

func inboxAD(id helpdesk.InboxID) seal.AD {
	return seal.AD{Table: "inbox_key", Column: "wrapped", Row: id.String()}
}

// PutInboxKey stores the key of a delivery, wrapped by the ingress key: no call to a KMS stands before Slack's answer.
func (s *Store) PutInboxKey(ctx context.Context, id helpdesk.InboxID, key seal.Key) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.rows.putInbox(ctx, id, s.ingress.Seal(key.Bytes(), inboxAD(id))); err != nil {
		return fmt.Errorf("store key of delivery %s: %w", id, err)
	}
	return nil
}

// InboxKey loads the key of a delivery. [helpdesk.ErrErased] where it is gone.
func (s *Store) InboxKey(ctx context.Context, id helpdesk.InboxID) (seal.Key, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	wrapped, err := s.rows.inbox(ctx, id)
	if err != nil {
		return seal.Key{}, fmt.Errorf("load key of delivery %s: %w", id, err)
	}
	key, _, err := unwrap(s.ingress, wrapped, inboxAD(id))
	if err != nil {
		return seal.Key{}, fmt.Errorf("unwrap key of delivery %s: %w", id, err)
	}
	return key, nil
}

// DestroyInboxKeys destroys the keys of deliveries. Harmless when repeated.
func (s *Store) DestroyInboxKeys(ctx context.Context, ids ...helpdesk.InboxID) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.rows.destroyInbox(ctx, ids); err != nil {
		return fmt.Errorf("destroy keys of %d deliveries: %w", len(ids), err)
	}
	return nil
}

// OldInboxKeys lists deliveries that have a key made before the given time, after an id and in id order, at most limit.
func (s *Store) OldInboxKeys(ctx context.Context, before time.Time, after helpdesk.InboxID, limit int) ([]helpdesk.InboxID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	ids, err := s.rows.oldInbox(ctx, before, after, limit)
	if err != nil {
		return nil, fmt.Errorf("list keys of deliveries: %w", err)
	}
	return ids, nil
}
