package workflows

import (
	"cmp"
	"fmt"
	"strings"
	"time"

	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// show sets what an operator reads on top of the workflow's page: ids, enums and times, never content.
func (r *request) show(ctx workflow.Context) {
	workflow.SetCurrentDetails(ctx, r.details())
}

func (r *request) details() string {
	var b strings.Builder
	triaged := string(r.TriagedBy)
	if r.WithoutAI {
		triaged += " (no model: " + string(cmp.Or(r.Why, helpdesk.ModelLate)) + ")"
	}
	for _, c := range r.Checks {
		triaged += " · to check: " + string(c)
	}
	fmt.Fprintf(&b, "**Request #%d** · %s · %s · %s\n\n", r.Number, r.Status, r.Priority, r.Label)
	fmt.Fprintf(&b, "| clock | state | warning | due |\n|---|---|---|---|\n")
	r.clockRow(&b, helpdesk.FirstResponse, r.Clocks.FirstResponse, r.Deadlines.FirstResponse)
	r.clockRow(&b, helpdesk.Resolution, r.Clocks.Resolution, r.Deadlines.Resolution)
	fmt.Fprintf(&b, "\nTriaged by %s · state version %d · receipt shows version %d\n", triaged, r.Version, r.Shown)
	return b.String()
}

func (r *request) clockRow(b *strings.Builder, clock helpdesk.Clock, level Level, d helpdesk.Deadline) {
	state := levelName[level]
	if r.ClocksOff != "" {
		state = "cancelled: " + string(r.ClocksOff)
	}
	fmt.Fprintf(b, "| %s | %s | %s | %s |\n", clock, state,
		d.WarnAt.UTC().Format(time.RFC3339), d.Due.UTC().Format(time.RFC3339))
}
