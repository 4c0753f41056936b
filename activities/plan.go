package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/sla"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// PlanInput asks for the deadlines of a request with a priority and its pauses.
type PlanInput struct {
	names.RequestInput
	Priority helpdesk.Priority `json:"priority"`
	Pauses   []sla.Pause       `json:"pauses,omitempty"`
}

// Plan computes both deadlines of a request, from its message's own time. It is a local activity: it reads our own
// database once.
func (a *Activities) Plan(ctx context.Context, in PlanInput) (d helpdesk.Deadlines, err error) {
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		w, err := tx.Workspace(ctx)
		if err != nil {
			return err
		}
		r, err := tx.Request(ctx, in.Request)
		if err != nil {
			return err
		}
		d, err = deadlines(w.Settings, in.Priority, r.OpenedAt, in.Pauses)
		return err
	})
	return d, failure(err)
}

// deadlines are those of a request opened at the given time, in each clock's own time. First response never pauses; a
// resolution that is paused has none.
func deadlines(s helpdesk.Settings, p helpdesk.Priority, opened time.Time, pauses []sla.Pause) (helpdesk.Deadlines, error) {
	target, calendar, err := targetOf(s, p)
	if err != nil {
		return helpdesk.Deadlines{}, err
	}
	return helpdesk.Deadlines{
		FirstResponse: helpdesk.Deadline(sla.Plan(calendar, opened, target.FirstResponse, nil)),
		Resolution:    helpdesk.Deadline(sla.Plan(calendar, opened, target.Resolution, pauses)),
	}, nil
}

// targetOf is the target of a priority and the time in which it counts.
func targetOf(s helpdesk.Settings, p helpdesk.Priority) (helpdesk.Target, *sla.Calendar, error) {
	target := s.Targets[p]
	if target.Clock != helpdesk.ClockCalendar {
		return target, sla.Always(), nil
	}
	calendar, err := sla.New(s.Calendar)
	if err != nil {
		return target, nil, fmt.Errorf("read business calendar: %w", err)
	}
	return target, calendar, nil
}
