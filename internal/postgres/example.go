package postgres

import (
	"context"
	"fmt"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// Example is a request whose text an admin has made an example of its label. Text is sealed under its summary key.
type Example struct {
	Request helpdesk.RequestID
	Label   string
	Sealed  []byte
}

// PutExample keeps a text as an example of the request's label, in place of an earlier one. [helpdesk.ErrErased] where the
// summary is gone, with which the example would go.
func (tx *Tx) PutExample(ctx context.Context, id helpdesk.RequestID, text string, key seal.Key) error {
	tag, err := tx.tx.Exec(ctx, `
		update tenant.request set example = $3 where workspace_id = $1 and request_id = $2 and summary is not null and status <> 'withdrawn'`,
		tx.workspace, id, key.Seal([]byte(text), tx.requestAD(id, "example")))
	if err == nil && tag.RowsAffected() == 0 {
		err = helpdesk.ErrErased
	}
	if err != nil {
		return fmt.Errorf("make request %s an example: %w", id, err)
	}
	return nil
}

// Examples are the newest examples of the workspace, at most limit, still sealed.
func (tx *Tx) Examples(ctx context.Context, limit int) ([]Example, error) {
	rows, err := tx.tx.Query(ctx, `
		select request_id, label, example from tenant.request
		where workspace_id = $1 and example is not null order by opened_at desc limit $2`, tx.workspace, limit)
	if err != nil {
		return nil, fmt.Errorf("list examples of workspace %s: %w", tx.workspace, err)
	}
	examples, err := pgx.CollectRows(rows, pgx.RowToStructByPos[Example])
	if err != nil {
		return nil, fmt.Errorf("list examples of workspace %s: %w", tx.workspace, err)
	}
	return examples, nil
}

// Open opens the text of an example of a workspace.
func (e Example) Open(id helpdesk.WorkspaceID, key seal.Key) (string, error) {
	text, err := key.Open(e.Sealed, requestAD(id, e.Request, "example"))
	if err != nil {
		return "", fmt.Errorf("open example of request %s: %w", e.Request, err)
	}
	return string(text), nil
}
