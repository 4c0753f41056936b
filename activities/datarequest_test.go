package activities_test

import (
	"context"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// An export waits for its link to be used; when the link has expired it ends, and the link is forgotten.
func TestAnExportLinkExpires(t *testing.T) {
	t.Parallel()
	b := setup(t)
	hash := [32]byte{7}
	d := helpdesk.DataRequest{
		ID: helpdesk.NewDataRequestID(b.opened), Kind: helpdesk.WorkspaceExport, AskedBy: "operator:root", AskedAt: b.opened,
		DueAt: b.opened.Add(helpdesk.LinkFor), Step: helpdesk.ExportWaits,
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		if _, _, err := tx.BeginDataRequest(ctx, d); err != nil {
			return err
		}
		return tx.PutExportLink(ctx, hash, d.ID, d.DueAt)
	})
	in := names.DataRequestInput{Workspace: b.workspace, DataRequest: d.ID}
	b.wantProgress(t, activities.DataInput{DataRequestInput: in, At: b.opened.Add(time.Hour)},
		activities.DataProgress{Kind: d.Kind, Step: helpdesk.ExportWaits, DueAt: d.DueAt, Wait: 23 * time.Hour})
	b.wantProgress(t, activities.DataInput{DataRequestInput: in, At: d.DueAt},
		activities.DataProgress{Kind: d.Kind, Step: helpdesk.DataDone, DueAt: d.DueAt, Outcome: helpdesk.DataExpired})
	if works, err := b.Store.ExportLinked(t.Context(), hash, b.opened); works || err != nil {
		t.Errorf("the link is there: %v, %v", works, err)
	}
	in.DataRequest = helpdesk.DataRequestID{1}
	if got := b.run(b.AnswerDataRequest, activities.DataInput{DataRequestInput: in, At: b.opened}); got != activities.FailureNotFound {
		t.Errorf("one that is not there: %s", got)
	}
}

func (b *bundle) wantProgress(t *testing.T, in activities.DataInput, want activities.DataProgress) {
	t.Helper()
	var got activities.DataProgress
	value, err := b.env.ExecuteActivity(b.AnswerDataRequest, in)
	if err == nil {
		err = value.Get(&got)
	}
	if err != nil || got != want {
		t.Errorf("got %+v, %v\nwant %+v", got, err, want)
	}
}
