package activities

import (
	"context"
	"slices"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// maxExamples bounds how many corrected requests the embedded classifier knows, the newest first.
const maxExamples = 50

// learn gives the labels the examples that admins have made of corrected requests, for the embedded classifier: a model never
// sees the text of another request. Without them a triage is a little worse, so nothing fails for want of them.
func (a *Activities) learn(ctx context.Context, id helpdesk.WorkspaceID, labels []helpdesk.Label) []helpdesk.Label {
	var found []postgres.Example
	err := a.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) (err error) {
		found, err = tx.Examples(ctx, maxExamples)
		return err
	})
	if err == nil && len(found) > 0 {
		labels, err = a.withExamples(ctx, id, slices.Clone(labels), found)
	}
	if err != nil {
		a.Log.WarnContext(ctx, "triage without the examples of corrected requests", "workspace_id", id, "err", err)
	}
	return labels
}

func (a *Activities) withExamples(ctx context.Context, id helpdesk.WorkspaceID, labels []helpdesk.Label, found []postgres.Example) ([]helpdesk.Label, error) {
	var ids []helpdesk.RequestID
	for _, e := range found {
		ids = append(ids, e.Request)
	}
	keys, err := a.Keys.KeysOfRequests(ctx, id, ids)
	if err != nil {
		return labels, err
	}
	for _, e := range found {
		key := keys[e.Request]
		i := slices.IndexFunc(labels, func(l helpdesk.Label) bool { return l.Key == e.Label })
		if !key.HasSummary || i < 0 { // erased a moment ago, or of a label that is no longer in use
			continue
		}
		text, err := e.Open(id, key.Summary)
		if err != nil {
			return labels, err
		}
		labels[i].Examples = append(slices.Clip(labels[i].Examples), text)
	}
	return labels, nil
}
