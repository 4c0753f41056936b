// Package keystore keeps the keys apart from what they seal: a Postgres cluster of its own that is in nobody's backups.
// Destroying a key here is the erasure; deleting the row it sealed is housekeeping. A DynamoDB table without backups
// takes its place in AWS.
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
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// timeout bounds every call.
const timeout = 5 * time.Second

// Store is the key store, as the application role.
type Store struct {
	pool    *pgxpool.Pool
	wrapper seal.Wrapper
	ingress seal.Key // in memory since the start, so that storing a delivery needs no KMS
	cache   *cache
}

// ErrRole: the login role could do more than use the keys.
var ErrRole = errors.New("KEYSTORE_URL must name a role that is a member of echosynch_app, owns nothing and is no superuser")

// Open connects, refuses a role that owns the keys, and loads the ingress key or makes the first one.
func Open(ctx context.Context, url secret.Value, w seal.Wrapper) (*Store, error) {
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
	s := &Store{pool: pool, wrapper: w, cache: newCache()}
	err = s.checkRole(ctx)
	if err == nil {
		err = s.loadIngress(ctx)
	}
	if err != nil {
		pool.Close()
		return nil, err
	}
	return s, nil
}

// Close closes the pool.
func (s *Store) Close() { s.pool.Close() }

// Ping reports whether the key store answers.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if err := s.pool.Ping(ctx); err != nil {
		return fmt.Errorf("ping key store: %w", err)
	}
	return nil
}

func (s *Store) checkRole(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var tooMuch bool // of the session's user, too: who set another role can go back
	err := s.pool.QueryRow(ctx, `
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

var ingressContext = seal.Context{Purpose: "ingress-key"}

// loadIngress reads the ingress key; whoever is first makes it.
func (s *Store) loadIngress(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	wrapped, err := s.wrappedIngress(ctx)
	if errors.Is(err, pgx.ErrNoRows) {
		if err := s.makeIngress(ctx); err != nil {
			return err
		}
		wrapped, err = s.wrappedIngress(ctx)
	}
	if err != nil {
		return fmt.Errorf("load ingress key: %w", err)
	}
	raw, err := s.wrapper.Unwrap(ctx, ingressContext, wrapped)
	if err != nil {
		return fmt.Errorf("unwrap ingress key: %w; is LOCAL_KMS_KEY_FILE the one this key store was made with?", err)
	}
	s.ingress, err = seal.KeyFromBytes(raw)
	return err
}

func (s *Store) wrappedIngress(ctx context.Context) (wrapped []byte, err error) {
	err = s.pool.QueryRow(ctx, `select wrapped from keystore.ingress_key`).Scan(&wrapped)
	return wrapped, err
}

func (s *Store) makeIngress(ctx context.Context) error {
	_, wrapped, err := s.wrapper.Generate(ctx, ingressContext)
	if err != nil {
		return fmt.Errorf("make ingress key: %w", err)
	}
	_, err = s.pool.Exec(ctx, `insert into keystore.ingress_key (wrapped) values ($1) on conflict do nothing`, wrapped)
	if err != nil {
		return fmt.Errorf("store ingress key: %w", err)
	}
	return nil
}

// SystemIdentifier names the cluster; two clusters never share one.
func (s *Store) SystemIdentifier(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var id string
	if err := s.pool.QueryRow(ctx, `select system_identifier::text from pg_control_system()`).Scan(&id); err != nil {
		return "", fmt.Errorf("read system identifier of key store: %w", err)
	}
	return id, nil
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
