package app

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/migrations"
)

// Migrate brings both databases to the schema of this binary and says what it applied.
func Migrate(ctx context.Context, cfg config.Config, out io.Writer) error {
	for _, set := range []struct {
		name string
		url  secret.Value
		set  migrations.Set
	}{
		{"key store", cfg.KeystoreAdminURL, migrations.Keystore},
		{"main database", cfg.DatabaseAdminURL, migrations.Main},
	} {
		if strings.HasPrefix(set.url.Reveal(), "dynamodb://") {
			fmt.Fprintf(out, "%s: a table of DynamoDB has no migrations\n", set.name)
			continue
		}
		applied, err := migrations.Up(ctx, set.url.Reveal(), set.set)
		for _, name := range applied {
			fmt.Fprintf(out, "%s: applied %s\n", set.name, name)
		}
		if err != nil {
			return fmt.Errorf("migrate %s: %w", set.name, err)
		}
		if len(applied) == 0 {
			fmt.Fprintf(out, "%s: up to date\n", set.name)
		}
	}
	return nil
}
