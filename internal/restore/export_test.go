package restore

import (
	"context"

	"github.com/echo-synch/echo-synch/internal/postgres"
)

// Belongs is what a drill asks first of a restored database.
func (d *Drill) Belongs(ctx context.Context, restored *postgres.Store) error {
	_, err := d.belongs(ctx, restored)
	return err
}
