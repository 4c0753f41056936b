// Package keystore keeps the keys apart from what they seal: in a Postgres cluster of its own that is in nobody's backups.
// Destroying a key here is the erasure; deleting the row it sealed is housekeeping. A DynamoDB table without backups
// takes its place in AWS.
package keystore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
)

const (
	timeout = 5 * time.Second // bounds every call
	slow    = time.Minute     // bounds those that go through all requests of a workspace
)

// Store is the key store, as the application role.
type Store struct {
	rows    rows
	wrapper seal.Wrapper
	ingress seal.Key // in memory since the start, so that storing a delivery needs no KMS
	cache   *cache
}

// Open connects to what url names, a Postgres database or with dynamodb://TABLE a table of DynamoDB, and loads the ingress
// key or makes the first one. It refuses a role that owns the keys, [ErrRole], and a table that keeps what is deleted,
// [ErrBackups].
func Open(ctx context.Context, url secret.Value, w seal.Wrapper) (*Store, error) {
	rows, err := open(ctx, url)
	if err != nil {
		return nil, err
	}
	s := &Store{rows: rows, wrapper: w, cache: newCache()}
	if err := s.loadIngress(ctx); err != nil {
		rows.close()
		return nil, err
	}
	return s, nil
}

func open(ctx context.Context, url secret.Value) (rows, error) {
	if table, ok := strings.CutPrefix(url.Reveal(), "dynamodb://"); ok {
		return openDynamo(ctx, table)
	}
	return openPostgres(ctx, url)
}

// Close lets go of the connections.
func (s *Store) Close() { s.rows.close() }

// Ping reports whether the key store answers.
func (s *Store) Ping(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return wrapError(s.rows.ping(ctx), "ping key store")
}

// SystemIdentifier names the cluster, or the table; two never share one.
func (s *Store) SystemIdentifier(ctx context.Context) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	id, err := s.rows.identity(ctx)
	return id, wrapError(err, "read system identifier of key store")
}

var ingressContext = seal.Context{Purpose: "ingress-key"}

// loadIngress reads the ingress key; whoever is first makes it.
func (s *Store) loadIngress(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	wrapped, err := s.rows.ingress(ctx)
	if errors.Is(err, helpdesk.ErrErased) {
		if err := s.makeIngress(ctx); err != nil {
			return err
		}
		wrapped, err = s.rows.ingress(ctx)
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

func (s *Store) makeIngress(ctx context.Context) error {
	_, wrapped, err := s.wrapper.Generate(ctx, ingressContext)
	if err != nil {
		return fmt.Errorf("make ingress key: %w", err)
	}
	return wrapError(s.rows.putIngress(ctx, wrapped), "store ingress key")
}

// wrapError says what was tried, where it failed.
func wrapError(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return fmt.Errorf("%s: %w", fmt.Sprintf(format, args...), err)
}
