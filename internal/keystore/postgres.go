package keystore

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// postgresRows are the rows in a Postgres cluster, as the application role.
type postgresRows struct{ pool *pgxpool.Pool }

// ErrRole: the login role could do more than use the keys.
var ErrRole = errors.New("KEYSTORE_URL must name a role that is a member of echosynch_app, owns nothing and is no superuser")

func openPostgres(ctx context.Context, url secret.Value) (*postgresRows, error) {
	cfg, err := pgxpool.ParseConfig(url.Reveal())
	if err != nil {
		return nil, errors.New("parse KEYSTORE_URL: not a postgres:// address") // the driver's error quotes it
	}
	cfg.MaxConns = max(cfg.MaxConns, 12)
	cfg.ConnConfig.ConnectTimeout = timeout
	pool, err := pgxpool.NewWithConfig(ctx, cfg)
	if err != nil {
		return nil, fmt.Errorf("open key store: %w", err)
	}
	p := &postgresRows{pool}
	if err := p.checkRole(ctx); err != nil {
		pool.Close()
		return nil, err
	}
	return p, nil
}

func (p *postgresRows) close() { p.pool.Close() }

func (p *postgresRows) ping(ctx context.Context) error { return p.pool.Ping(ctx) }

func (p *postgresRows) checkRole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var tooMuch bool // of the session's user, too: who set another role can go back
	err := p.pool.QueryRow(ctx, `
		select bool_or(rolsuper or rolbypassrls
		    or coalesce(pg_has_role(oid, to_regrole('echosynch_owner'), 'member'), true)
		    or not coalesce(pg_has_role(oid, to_regrole('echosynch_app'), 'usage'), false))
		from pg_roles where rolname in (current_user, session_user)`).Scan(&tooMuch)
	switch {
	case err != nil:
		return fmt.Errorf("check key store role: %w", err)
	case tooMuch:
		return fmt.Errorf("check key store role: %w", ErrRole)
	}
	return nil
}

func (p *postgresRows) identity(ctx context.Context) (id string, err error) {
	err = p.pool.QueryRow(ctx, `select system_identifier::text from pg_control_system()`).Scan(&id)
	return id, err
}

func (p *postgresRows) ingress(ctx context.Context) (wrapped []byte, err error) {
	err = p.pool.QueryRow(ctx, `select wrapped from keystore.ingress_key`).Scan(&wrapped)
	return wrapped, erased(err)
}

func (p *postgresRows) putIngress(ctx context.Context, wrapped []byte) error {
	_, err := p.pool.Exec(ctx, `insert into keystore.ingress_key (wrapped) values ($1) on conflict do nothing`, wrapped)
	return err
}

func (p *postgresRows) swapIngress(ctx context.Context, from, to []byte) (bool, error) {
	tag, err := p.pool.Exec(ctx, `update keystore.ingress_key set wrapped = $2 where wrapped = $1`, from, to)
	return tag.RowsAffected() == 1, err
}

func (p *postgresRows) putInbox(ctx context.Context, id helpdesk.InboxID, wrapped []byte) error {
	_, err := p.pool.Exec(ctx, `insert into keystore.inbox_key (inbox_id, wrapped) values ($1, $2)`, id, wrapped)
	return err
}

func (p *postgresRows) inbox(ctx context.Context, id helpdesk.InboxID) (wrapped []byte, err error) {
	err = p.pool.QueryRow(ctx, `select wrapped from keystore.inbox_key where inbox_id = $1`, id).Scan(&wrapped)
	return wrapped, erased(err)
}

func (p *postgresRows) destroyInbox(ctx context.Context, ids []helpdesk.InboxID) error {
	_, err := p.pool.Exec(ctx, `delete from keystore.inbox_key where inbox_id = any($1)`, ids)
	return err
}

func (p *postgresRows) oldInbox(ctx context.Context, before time.Time, after helpdesk.InboxID, limit int) ([]helpdesk.InboxID, error) {
	rows, err := p.pool.Query(ctx, `
		select inbox_id from keystore.inbox_key where inbox_id > $1 and created_at < $2 order by inbox_id limit $3`, after, before, limit)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, pgx.RowTo[helpdesk.InboxID])
}

// foreignKeyViolation is Postgres's code: a request key refers to a workspace key that is gone.
const foreignKeyViolation = "23503"

// erased turns the driver's errors into our kind: a key that is not there was destroyed.
func erased(err error) error {
	if pg, ok := errors.AsType[*pgconn.PgError](err); errors.Is(err, pgx.ErrNoRows) || ok && pg.Code == foreignKeyViolation {
		return helpdesk.ErrErased
	}
	return err
}
