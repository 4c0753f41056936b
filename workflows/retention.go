package workflows

import (
	"fmt"

	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/activities"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// ApplyRetention applies a shortened retention to the texts that are there, in bounded batches: those past the new deadline
// are destroyed, the others' requests move their own timers. The clocks of open requests go on.
func ApplyRetention(ctx workflow.Context, in names.RetentionInput) error {
	var applied activities.RetentionResult
	for {
		workflow.SetCurrentDetails(ctx, fmt.Sprintf("retention %v: %d texts destroyed, %d deadlines moved", in.Retention, applied.Destroyed, applied.Moved))
		if workflow.GetInfo(ctx).GetContinueAsNewSuggested() {
			return workflow.NewContinueAsNewError(ctx, names.WorkflowRetention, in) // what is done is recorded in the rows
		}
		var batch activities.RetentionResult
		err := workflow.ExecuteActivity(workflow.WithActivityOptions(ctx, retentionOptions()), steps.ApplyRetention,
			activities.RetentionInput{RetentionInput: in, At: workflow.Now(ctx)}).Get(ctx, &batch)
		if err != nil {
			return err
		}
		if batch.Destroyed+batch.Moved == 0 {
			return nil
		}
		applied.Destroyed += batch.Destroyed
		applied.Moved += batch.Moved
	}
}
