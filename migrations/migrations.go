// Package migrations holds the schema of both databases as numbered SQL, forward only, and applies it. Each change of
// a released schema is a new file.
package migrations

import (
	"context"
	"embed"
	"errors"
	"fmt"
	"io/fs"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

//go:embed main/*.sql keystore/*.sql
var files embed.FS

// Set is the schema of one database.
type Set string

// The sets.
const (
	Main     Set = "main"
	Keystore Set = "keystore"
)

// Up applies what is missing of a set, as the administrator that url names, and returns what it applied, in order.
// Two at once wait for each other. The roles echosynch_owner and echosynch_app are made where they are missing.
func Up(ctx context.Context, url string, set Set) (applied []string, err error) {
	cfg, err := pgx.ParseConfig(url)
	if err != nil {
		return nil, errors.New("open database: not a postgres:// address") // the driver's error quotes it
	}
	db := stdlib.OpenDB(*cfg)
	defer func() { err = errors.Join(err, db.Close()) }()
	dir, err := fs.Sub(files, string(set))
	if err != nil {
		return nil, fmt.Errorf("find migrations: %w", err)
	}
	locker, err := lock.NewPostgresSessionLocker(lock.WithLockTimeout(1, 300)) // tries every second, for five minutes
	if err != nil {
		return nil, fmt.Errorf("lock migrations: %w", err)
	}
	provider, err := goose.NewProvider(goose.DialectPostgres, db, dir, goose.WithSessionLocker(locker))
	if err != nil {
		return nil, fmt.Errorf("read migrations: %w", err)
	}
	results, err := provider.Up(ctx)
	if partial, ok := errors.AsType[*goose.PartialError](err); ok {
		results = partial.Applied
	}
	for _, r := range results {
		applied = append(applied, r.Source.Path)
	}
	if err != nil {
		return applied, fmt.Errorf("apply migrations: %w", err)
	}
	return applied, nil
}
