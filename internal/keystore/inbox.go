package keystore

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

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
	_, err := s.pool.Exec(ctx, `insert into keystore.inbox_key (inbox_id, wrapped) values ($1, $2)`,
		id, s.ingress.Seal(key.Bytes(), inboxAD(id)))
	if err != nil {
		return fmt.Errorf("store key of delivery %s: %w", id, err)
	}
	return nil
}

// InboxKey loads the key of a delivery. [helpdesk.ErrErased] where it is gone.
func (s *Store) InboxKey(ctx context.Context, id helpdesk.InboxID) (seal.Key, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var wrapped []byte
	err := s.pool.QueryRow(ctx, `select wrapped from keystore.inbox_key where inbox_id = $1`, id).Scan(&wrapped)
	if err != nil {
		return seal.Key{}, fmt.Errorf("load key of delivery %s: %w", id, erased(err))
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
	if _, err := s.pool.Exec(ctx, `delete from keystore.inbox_key where inbox_id = any($1)`, ids); err != nil {
		return fmt.Errorf("destroy keys of %d deliveries: %w", len(ids), err)
	}
	return nil
}

// OldInboxKeys lists deliveries that have a key made before the given time, after an id and in id order, at most limit.
func (s *Store) OldInboxKeys(ctx context.Context, before time.Time, after helpdesk.InboxID, limit int) ([]helpdesk.InboxID, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	rows, err := s.pool.Query(ctx, `
		select inbox_id from keystore.inbox_key where inbox_id > $1 and created_at < $2 order by inbox_id limit $3`, after, before, limit)
	if err != nil {
		return nil, fmt.Errorf("list keys of deliveries: %w", err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.InboxID])
	if err != nil {
		return nil, fmt.Errorf("list keys of deliveries: %w", err)
	}
	return ids, nil
}
