package activities

import (
	"context"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/lexical"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/suspicion"
)

// opinion is a triage, why a person should look at it, and who gets the request.
type opinion struct {
	helpdesk.Triage
	checks   []helpdesk.Check
	with     string // the model, where it was one
	assignee string
}

// lexically is the embedded classifier's opinion. Nobody can steer it further than by the words it counts.
func (a *Activities) lexically(ctx context.Context, id helpdesk.WorkspaceID, m material) opinion {
	r := lexical.New(a.learn(ctx, id, m.labels)).Classify(m.text)
	o := opinion{Triage: r.Triage}
	if r.NeedsHuman() {
		o.checks = append(o.checks, helpdesk.CheckUnsure)
	}
	o.checks = append(o.checks, m.suspicions()...)
	return o
}

// suspicions are what a text is suspected of, whoever reads it: an agent reads it, too.
func (m material) suspicions() []helpdesk.Check {
	if suspicion.Steers(m.text) {
		return []helpdesk.Check{helpdesk.CheckSteered}
	}
	return nil
}

// holdRaise keeps the priority at medium where a machine has raised too many of the same person's requests. One that it has
// raised before stays as it is.
func holdRaise(ctx context.Context, tx *postgres.Tx, r helpdesk.Request, o *opinion) error {
	if !o.Priority.Raised() || r.Priority.Raised() {
		return nil
	}
	raised, err := tx.Raises(ctx, r.ID, helpdesk.RaisesWithin)
	if err == nil && raised >= helpdesk.MaxRaises {
		o.Priority, o.checks = helpdesk.Medium, append(o.checks, helpdesk.CheckHeld)
	}
	return err
}
