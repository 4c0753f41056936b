package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// The mark belongs to the database as a whole, and to no workspace.

// Mark says how far this database has come, and with which key store; the zero Mark where it was used with none yet.
func (s *Store) Mark(ctx context.Context) (m helpdesk.Mark, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = s.pool.QueryRow(ctx, `select keystore_id::text, number, at from system.mark`).Scan(&m.Keystore, &m.Number, null(&m.At))
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return m, fmt.Errorf("load mark of main database: %w", err)
	}
	return m, nil
}

// BindMark makes a key store the one of this database, where it has none.
func (s *Store) BindMark(ctx context.Context, keystore string, now time.Time) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := s.pool.Exec(ctx, `
		insert into system.mark (keystore_id, number, at) values ($1, 0, $2) on conflict do nothing`, keystore, now)
	if err != nil {
		return fmt.Errorf("bind main database to key store %s: %w", keystore, err)
	}
	return nil
}

// RaiseMark raises the mark by one, unless it is below least, and returns it. [helpdesk.ErrNotFound] where it is below:
// then this is not the database that was raised before.
func (s *Store) RaiseMark(ctx context.Context, least int64, now time.Time) (number int64, err error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	err = s.pool.QueryRow(ctx, `
		update system.mark set number = number + 1, at = $2 where number >= $1 returning number`, least, now).Scan(&number)
	if err != nil {
		return 0, fmt.Errorf("raise mark of main database: %w", notFound(err))
	}
	return number, nil
}

// SetMark ends a reconciliation: the database stands where the key store knows it to be, and belongs to it.
func (s *Store) SetMark(ctx context.Context, m helpdesk.Mark) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	_, err := s.pool.Exec(ctx, `
		insert into system.mark (keystore_id, number, at) values ($1, $2, $3)
		on conflict (one) do update
		set keystore_id = excluded.keystore_id, number = greatest(system.mark.number, excluded.number), at = excluded.at`,
		m.Keystore, m.Number, m.At)
	if err != nil {
		return fmt.Errorf("set mark of main database: %w", err)
	}
	return nil
}
