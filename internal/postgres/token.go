package postgres

import (
	"bytes"
	"context"
	"fmt"

	"github.com/echo-synch/echo-synch/internal/seal"
)

// RewrapToken replaces the bot token, as the key wrapper encrypted it, by the same one encrypted anew. It reports false,
// changing nothing, where the token is no longer from: replaced, or destroyed.
func (tx *Tx) RewrapToken(ctx context.Context, key seal.Key, from, to []byte) (bool, error) {
	var sealed []byte
	err := tx.tx.QueryRow(ctx, `select token from tenant.workspace where workspace_id = $1 for update`, tx.workspace).Scan(&sealed)
	if err != nil {
		return false, fmt.Errorf("load token of workspace %s: %w", tx.workspace, notFound(err))
	}
	token, err := key.Open(sealed, tx.tokenAD())
	if sealed == nil || err == nil && !bytes.Equal(token, from) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("open token of workspace %s: %w", tx.workspace, err)
	}
	_, err = tx.tx.Exec(ctx, `update tenant.workspace set token = $2 where workspace_id = $1`, tx.workspace, key.Seal(to, tx.tokenAD()))
	if err != nil {
		return false, fmt.Errorf("store token of workspace %s: %w", tx.workspace, err)
	}
	return true, nil
}
