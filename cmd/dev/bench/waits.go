package main

import (
	"context"
	"fmt"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// waits are where the time of a request went from its message to its receipt.
type waits struct {
	intake          time.Duration // until its workflow began
	workflow, steps time.Duration // in a queue, for a worker
	running         time.Duration // in steps
}

func (w *waits) add(o waits) {
	w.intake += o.intake
	w.workflow += o.workflow
	w.steps += o.steps
	w.running += o.running
}

func (w waits) over(n int) waits {
	by := time.Duration(n)
	return waits{w.intake / by, w.workflow / by, w.steps / by, w.running / by}
}

func (w waits) String() string {
	ms := func(d time.Duration) int64 { return d.Milliseconds() }
	return fmt.Sprintf("intake %d ms, waiting for a worker %d ms with decisions and %d ms with steps, in steps %d ms",
		ms(w.intake), ms(w.workflow), ms(w.steps), ms(w.running))
}

// waitsOf reads them from the history of a request that has its receipt since then.
func waitsOf(ctx context.Context, c client.Client, id helpdesk.RequestID, sent, receipt time.Time) (w waits, err error) {
	events := c.GetWorkflowHistory(ctx, names.RequestID(id), "", false, enumspb.HISTORY_EVENT_FILTER_TYPE_ALL_EVENT)
	at := make(map[int64]time.Time)
	for events.HasNext() {
		e, err := events.Next()
		if err != nil {
			return w, fmt.Errorf("read history: %w", err)
		}
		now := e.GetEventTime().AsTime()
		at[e.GetEventId()] = now
		if now.After(receipt) {
			break
		}
		switch e.GetEventType() {
		case enumspb.EVENT_TYPE_WORKFLOW_EXECUTION_STARTED:
			w.intake = now.Sub(sent)
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_STARTED:
			w.workflow += now.Sub(at[e.GetWorkflowTaskStartedEventAttributes().GetScheduledEventId()])
		case enumspb.EVENT_TYPE_WORKFLOW_TASK_TIMED_OUT: // on its own worker's queue
			w.workflow += now.Sub(at[e.GetWorkflowTaskTimedOutEventAttributes().GetScheduledEventId()])
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_STARTED:
			w.steps += now.Sub(at[e.GetActivityTaskStartedEventAttributes().GetScheduledEventId()])
		case enumspb.EVENT_TYPE_ACTIVITY_TASK_COMPLETED:
			w.running += now.Sub(at[e.GetActivityTaskCompletedEventAttributes().GetStartedEventId()])
		}
	}
	return w, nil
}
