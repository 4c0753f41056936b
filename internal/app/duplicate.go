package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// Duplicate makes a request a duplicate of another one, both by the numbers that people see, as an agent does with the menu.
// The request's workflow decides; what it does not allow is a *[helpdesk.Refusal].
func (o *Operator) Duplicate(ctx context.Context, number, of int64) error {
	r, err := o.Request(ctx, number)
	if err != nil {
		return err
	}
	original, err := o.Request(ctx, of)
	if err != nil {
		return err
	}
	c, err := dialTemporal(o.cfg.Temporal, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	handle, err := c.UpdateWorkflow(ctx, client.UpdateWorkflowOptions{
		WorkflowID: names.RequestID(r.ID), UpdateName: names.UpdatePress, WaitForStage: client.WorkflowUpdateStageCompleted,
		Args: []any{names.Press{By: helpdesk.Actor{Agent: true}, Action: helpdesk.Join, Value: original.ID.String(), At: time.Now()}},
	})
	if err == nil {
		err = handle.Get(ctx, nil)
	}
	var refused *temporal.ApplicationError
	var gone *serviceerror.NotFound
	switch {
	case errors.As(err, &refused):
		return &helpdesk.Refusal{Reason: helpdesk.Reason(refused.Type())}
	case errors.As(err, &gone):
		return &helpdesk.Refusal{Reason: helpdesk.Reason("is_" + string(r.Status))}
	case err != nil:
		return fmt.Errorf("tell request %s: %w", r.ID, err)
	}
	return nil
}
