package activities

import (
	"context"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// DataInput asks for the next part of the answer to a data request, as of an instant.
type DataInput struct {
	names.DataRequestInput
	At time.Time `json:"at"`
}

// DataProgress is where a data request stands: counts, enums and times, and nobody's id.
type DataProgress struct {
	Kind       helpdesk.DataKind    `json:"kind"`
	Law        helpdesk.Law         `json:"law,omitempty"`
	Step       helpdesk.DataStep    `json:"step"`
	Outcome    helpdesk.DataOutcome `json:"outcome,omitempty"`
	DueAt      time.Time            `json:"due_at"`
	Wait       time.Duration        `json:"wait,omitempty"` // before the next look
	Requests   int64                `json:"requests,omitempty"`
	Texts      int64                `json:"texts,omitempty"`
	Summaries  int64                `json:"summaries,omitempty"`
	Roles      int64                `json:"roles,omitempty"`
	Deliveries int64                `json:"deliveries,omitempty"`
	Names      int64                `json:"names,omitempty"`
}

// watch is how often an export that waits is looked at without being told.
const watch = 24 * time.Hour

// AnswerDataRequest goes on with an erasure until a part has to wait, or for a while; an export it only looks at, and ends
// where its link has expired. Harmless when repeated.
func (a *Activities) AnswerDataRequest(ctx context.Context, in DataInput) (DataProgress, error) {
	defer beat(ctx)()
	d, wait, err := a.answer(ctx, in)
	if err != nil {
		a.Log.ErrorContext(ctx, "data request goes on later", "workspace_id", in.Workspace, "data_request_id", in.DataRequest,
			"kind", d.Kind, "step", d.Step, "due", d.DueAt, "err", err)
		return DataProgress{}, failure(err)
	}
	return DataProgress{
		Kind: d.Kind, Law: d.Law, Step: d.Step, Outcome: d.Outcome, DueAt: d.DueAt, Wait: wait,
		Requests: d.Requests, Texts: d.Texts, Summaries: d.Summaries, Roles: d.Roles, Deliveries: d.Deliveries, Names: d.Names,
	}, nil
}

func (a *Activities) answer(ctx context.Context, in DataInput) (d helpdesk.DataRequest, wait time.Duration, err error) {
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) (err error) {
		if d, err = tx.DataRequest(ctx, in.DataRequest); err != nil || d.Ended() {
			return err
		}
		if d.Kind == helpdesk.WorkspaceExport && d.Step == helpdesk.ExportWaits && !in.At.Before(d.DueAt) {
			if err := tx.DropExportLink(ctx, d.ID); err != nil {
				return err
			}
			if err := tx.FinishDataRequest(ctx, d.ID, helpdesk.DataExpired, in.At); err != nil {
				return err
			}
			d, err = tx.DataRequest(ctx, d.ID)
		}
		return err
	})
	switch {
	case err != nil || d.Ended():
		return d, 0, err
	case d.Kind != helpdesk.PersonErasure:
		return d, exportWait(d, in.At), nil
	}
	until := a.Now().Add(purgeSlice)
	for {
		if d, wait, err = a.Eraser.Next(ctx, in.Workspace, in.DataRequest); err != nil || d.Ended() || wait > 0 || a.Now().After(until) {
			return d, wait, err
		}
	}
}

// exportWait is until the link expires, or until the next look.
func exportWait(d helpdesk.DataRequest, at time.Time) time.Duration {
	if left := d.DueAt.Sub(at); left > 0 {
		return min(left, watch)
	}
	return watch
}
