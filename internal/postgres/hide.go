package postgres

import "context"

// SetHideAddresses changes whether IP addresses and host names are kept from models.
func (tx *Tx) SetHideAddresses(ctx context.Context, hide bool) error {
	return tx.setSetting(ctx, "hide_addresses", hide)
}
