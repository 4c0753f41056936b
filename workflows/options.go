package workflows

import (
	"time"

	"go.temporal.io/sdk/temporal"
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/workflows/names"
)

// Every time-out and retry of every step stands here, with its reason.

// triageOptions: the model has 3 s, so the receipt can stand within 5. Whatever keeps the step from ending in
// time, a full queue included, the embedded classifier takes over; hence one attempt.
func triageOptions() workflow.ActivityOptions {
	return workflow.ActivityOptions{
		TaskQueue:              names.QueueModel,
		Summary:                "triage",
		ScheduleToCloseTimeout: 4 * time.Second,
		RetryPolicy:            &temporal.RetryPolicy{MaximumAttempts: 1},
	}
}

// lexicalOptions: only our own databases, and nothing goes on without it.
func lexicalOptions() workflow.ActivityOptions {
	return workflow.ActivityOptions{
		TaskQueue:           names.QueueRequests,
		Summary:             "triage without AI",
		StartToCloseTimeout: 10 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
	}
}

// laterOptions: one background attempt over 24 hours, backing off to 15 minutes (behaviour 2).
func laterOptions() workflow.ActivityOptions {
	return workflow.ActivityOptions{
		TaskQueue:              names.QueueModel,
		Summary:                "triage with AI, in the background",
		StartToCloseTimeout:    30 * time.Second,
		ScheduleToCloseTimeout: 24 * time.Hour,
		RetryPolicy: &temporal.RetryPolicy{
			InitialInterval: 15 * time.Second, BackoffCoefficient: 2, MaximumInterval: 15 * time.Minute,
		},
	}
}

// slackOptions: Slack says itself when to come back; an outage of hours loses nothing.
func slackOptions(summary string) workflow.ActivityOptions {
	return workflow.ActivityOptions{
		TaskQueue:           names.QueueSlack,
		Summary:             summary,
		StartToCloseTimeout: 20 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
	}
}

// storeOptions: our own databases.
func storeOptions(summary string) workflow.ActivityOptions {
	o := lexicalOptions()
	o.Summary = summary
	return o
}

// fanOutOptions: one signal for each open request of a channel.
func fanOutOptions() workflow.ActivityOptions {
	o := storeOptions("stop the intake and cancel clocks")
	o.StartToCloseTimeout = 5 * time.Minute
	return o
}
