package postgres

import (
	"context"
	"fmt"
)

// SetHideAddresses changes whether IP addresses and host names are kept from models.
func (tx *Tx) SetHideAddresses(ctx context.Context, hide bool) error {
	var version int64
	err := tx.tx.QueryRow(ctx, `
		update tenant.workspace
		set settings = jsonb_set(settings, '{hide_addresses}', to_jsonb($2::boolean)), settings_version = settings_version + 1
		where workspace_id = $1 returning settings_version`, tx.workspace, hide).Scan(&version)
	if err != nil {
		return fmt.Errorf("set hide addresses of workspace %s: %w", tx.workspace, notFound(err))
	}
	return nil
}
