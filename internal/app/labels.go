package app

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// ErrLabelsMoved: the taxonomy, or the labels that requests carry, changed after the change was shown.
var ErrLabelsMoved = errors.New("labels were changed in the meantime; nothing was changed now, look again")

// Plan is what the workspace has booked.
func (o *Operator) Plan(ctx context.Context) (plan helpdesk.Plan, err error) {
	err = o.do(ctx, func(tx *postgres.Tx) error {
		w, err := tx.Workspace(ctx)
		plan = w.Plan()
		return err
	})
	return plan, err
}

// Labels is the taxonomy with its default marked.
func (o *Operator) Labels(ctx context.Context) (labels []helpdesk.Label, err error) {
	err = o.do(ctx, func(tx *postgres.Tx) error {
		w, err := tx.Workspace(ctx)
		labels = helpdesk.Marked(w.Settings.Labels)
		return err
	})
	return labels, err
}

// PreviewLabels says what a taxonomy would change. Whom it routes to must be an agent.
func (o *Operator) PreviewLabels(ctx context.Context, want []helpdesk.Label) (c helpdesk.LabelChange, err error) {
	err = o.do(ctx, func(tx *postgres.Tx) error {
		c, err = o.relabel(ctx, tx, want)
		return err
	})
	return c, err
}

// ImportLabels makes want the taxonomy, if that is still the change that was shown; else [ErrLabelsMoved].
func (o *Operator) ImportLabels(ctx context.Context, want []helpdesk.Label, shown helpdesk.LabelChange) error {
	return o.change(ctx, helpdesk.AuditLabels, "", func(tx *postgres.Tx, e *helpdesk.AuditEntry) error {
		c, err := o.relabel(ctx, tx, want)
		if err != nil {
			return err
		}
		if !c.Equal(shown) {
			return ErrLabelsMoved
		}
		e.Before = fmt.Sprintf("%d labels", len(c.Before))
		e.After = fmt.Sprintf("%d labels: %d added, %d changed, %d activated, %d deactivated, %d removed", len(c.After), c.Count(helpdesk.LabelAdded),
			c.Count(helpdesk.LabelChanged), c.Count(helpdesk.LabelActivated), c.Count(helpdesk.LabelDeactivated), c.Count(helpdesk.LabelRemoved))
		return tx.SetLabels(ctx, c.After)
	})
}

// Verdicts counts what machines said of the requests opened within the given time, and which labels they have now.
func (o *Operator) Verdicts(ctx context.Context, within time.Duration) (verdicts []helpdesk.Verdict, err error) {
	err = o.do(ctx, func(tx *postgres.Tx) error {
		verdicts, err = tx.Verdicts(ctx, time.Now().Add(-within))
		return err
	})
	return verdicts, err
}

func (o *Operator) relabel(ctx context.Context, tx *postgres.Tx, want []helpdesk.Label) (c helpdesk.LabelChange, err error) {
	for _, l := range want {
		if l.Agent == "" {
			continue
		}
		role, err := tx.HoldRole(ctx, l.Agent)
		if err != nil {
			return c, err
		}
		if role == "" {
			return c, fmt.Errorf("label %q: %s is no agent of this workspace; make them one: echosynch agent add %s %s", l.Key, l.Agent, o.team, l.Agent)
		}
	}
	now, err := tx.LockLabels(ctx)
	if err != nil {
		return c, err
	}
	carried, err := tx.CarriedLabels(ctx)
	if err != nil {
		return c, err
	}
	c = helpdesk.Relabel(now, want, carried)
	if len(c.After) > helpdesk.MaxLabels {
		return c, fmt.Errorf("%d labels are too many, %d at most with those that requests still carry", len(c.After), helpdesk.MaxLabels)
	}
	return c, nil
}
