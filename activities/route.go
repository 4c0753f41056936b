package activities

import (
	"context"
	"slices"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// route gives a new request to the agent of its label, where they are still one and did not ask themselves. Their role is
// theirs until the transaction ends.
func route(ctx context.Context, tx *postgres.Tx, m material, o *opinion) error {
	i := slices.IndexFunc(m.labels, func(l helpdesk.Label) bool { return l.Key == o.Label })
	if i < 0 || m.labels[i].Agent == "" || m.labels[i].Agent == m.request.Requester {
		return nil
	}
	role, err := tx.HoldRole(ctx, m.labels[i].Agent)
	if err == nil && role != "" {
		o.assignee = m.labels[i].Agent
	}
	return err
}
