package archive

import (
	"context"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// knowledge reads the entries of the knowledge base, which are sealed under the workspace's key.
func (e *export) knowledge(ctx context.Context, columns func([]string) error, row func([]any) error) (n int64, err error) {
	if err := columns([]string{
		"key", "active", "question", "answer", "link", "tags", "offered", "helpful", "not_relevant", "closed_as_resolved",
	}); err != nil {
		return 0, err
	}
	key, err := e.Keys.WorkspaceKey(ctx, e.workspace)
	if err != nil {
		return 0, err
	}
	for after := ""; ; {
		var page []postgres.CountedEntry
		err := e.Store.InWorkspace(ctx, e.workspace, func(tx *postgres.Tx) (err error) {
			page, err = tx.Entries(ctx, key, after, pageSize)
			return err
		})
		if err != nil {
			return n, err
		}
		for _, entry := range page {
			if err := row(entryValues(entry)); err != nil {
				return n, err
			}
			n++
		}
		if err := e.progress(ctx, e.tally()); err != nil || len(page) < pageSize {
			return n, err
		}
		after = page[len(page)-1].Key
	}
}

func entryValues(e postgres.CountedEntry) []any {
	return []any{
		e.Key, e.Active, e.Question, e.Answer, e.Link, tags(e.Content), e.Offered, e.Helpful, e.NotRelevant, e.Closed,
	}
}

func tags(c helpdesk.Content) any {
	if len(c.Tags) == 0 {
		return nil
	}
	return c.Tags
}
