// Package postgres is the store: one file per entity, SQL beside the scan. Tenant tables have one door,
// [Store.InWorkspace]; what stands outside a workspace is in system.go, each with its reason. It seals and opens
// text with the keys it is given and never holds one.
package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// timeout bounds every transaction; nothing of ours is slower unless the database is in trouble.
const timeout = 10 * time.Second

// Store is the main database, as the application role.
type Store struct{ pool *pgxpool.Pool }

// Open connects and refuses a role that row-level security would not bind: see [Store.checkRole]. The workspace of a
// transaction ends with it, so a pgbouncer in transaction mode may stand between; then the address needs pgx's
// default_query_exec_mode=cache_describe, because prepared statements stay behind with the connection. Migrations
// hold a lock of their session: DATABASE_ADMIN_URL names Postgres itself.
func Open(ctx context.Context, url secret.Value) (*Store, error) {
	cfg, err := pgxpool.ParseConfig(url.Reveal())
	if err != nil {
		return nil, errors.New("parse DATABASE_URL: not a postgres:// address") // the driver's error quotes it
	}
	cfg.MaxConns = max(cfg.MaxConns, 16)
	cfg.ConnConfig.ConnectTimeout = 5 * time.Second
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open main database: %w", err)
	}
	s := &Store{pool: pool}
	if err := s.checkRole(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// Close waits for running transactions and closes the pool.
func (s *Store) Close() { s.pool.Close() }

// Ping reports whether the database answers.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("ping main database: %w", err)
	}
	return nil
}

// ErrRole: the login role is not one that row-level security binds.
var ErrRole = errors.New("DATABASE_URL must name a role that is a member of echosynch_app, owns nothing, is no superuser and does not bypass row-level security")

func (s *Store) checkRole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var tooMuch bool // of the session's user, too: who set another role can go back
	err := s.pool.QueryRow(ctx, `
		select bool_or(rolsuper or rolbypassrls
		    or coalesce(pg_has_role(oid, to_regrole('echosynch_owner'), 'member'), true)
		    or not coalesce(pg_has_role(oid, to_regrole('echosynch_app'), 'usage'), false))
		  or exists (select from pg_class c join pg_namespace n on n.oid = c.relnamespace
		             where n.nspname = 'tenant' and c.relkind = 'r' and not row_security_active(c.oid))
		from pg_roles where rolname in (current_user, session_user)`).Scan(&tooMuch)
	switch {
	case err != nil:
		return fmt.Errorf("check database role: %w", err)
	case tooMuch:
		return fmt.Errorf("check database role: %w", ErrRole)
	}
	return nil
}

// SystemIdentifier names the cluster; two clusters never share one.
func (s *Store) SystemIdentifier(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var id string
	if err := s.pool.QueryRow(ctx, `select system_identifier::text from pg_control_system()`).Scan(&id); err != nil {
		return "", fmt.Errorf("read system identifier of main database: %w", err)
	}
	return id, nil
}

// Tx is a transaction bound to one workspace. Entity methods exist only on it, so an unscoped query does not
// compile.
type Tx struct {
	tx        pgx.Tx
	workspace helpdesk.WorkspaceID
}

// InWorkspace runs f in one transaction that sees only the rows of id, and commits unless f fails. Make no
// remote call inside f. It is not to be nested.
func (s *Store) InWorkspace(ctx context.Context, id helpdesk.WorkspaceID, f func(*Tx) error) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.inTx(ctx, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, `select set_config('app.workspace_id', $1, true)`, id.String()); err != nil {
			return fmt.Errorf("enter workspace %s: %w", id, err)
		}
		return f(&Tx{tx: tx, workspace: id})
	})
}

func (s *Store) inTx(ctx context.Context, f func(pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, s.pool, f)
}

// notFound turns the driver's "no rows" into our kind.
func notFound(err error) error {
	if errors.Is(err, pgx.ErrNoRows) {
		return helpdesk.ErrNotFound
	}
	return err
}
