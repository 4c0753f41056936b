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
			InitialInterval: 5 * time.Second, BackoffCoefficient: 2, MaximumInterval: 15 * time.Minute,
		},
		Priority: temporal.Priority{PriorityKey: 5}, // after every first attempt
	}
}

// editedOptions: nobody waits for it as for the first receipt, but the row should follow soon.
func editedOptions() workflow.ActivityOptions {
	return workflow.ActivityOptions{
		TaskQueue:           names.QueueModel,
		Summary:             "triage of the edited text",
		StartToCloseTimeout: 30 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: time.Minute},
	}
}

// planOptions: one read of our own database, so it runs beside the workflow; whoever pressed is waiting.
func planOptions() workflow.LocalActivityOptions {
	return workflow.LocalActivityOptions{
		Summary:             "deadlines",
		StartToCloseTimeout: 2 * time.Second,
		RetryPolicy:         &temporal.RetryPolicy{InitialInterval: 100 * time.Millisecond, MaximumInterval: time.Second},
	}
}

// originalOptions: as for deadlines.
func originalOptions() workflow.LocalActivityOptions {
	o := planOptions()
	o.Summary = "original"
	return o
}

// noticeOptions: as for every message, with what it is about for operators to read. A warning that a breach overtakes is
// cancelled; what it did before is known by then.
func noticeOptions(n Notice) workflow.ActivityOptions {
	what := "send "
	if n.Correction {
		what = "correct "
	}
	o := slackOptions(what + string(n.Clock) + " " + string(n.Kind))
	o.Priority.PriorityKey = 1 // before receipts: it is late at once
	o.WaitForCancellation = true
	o.StartToCloseTimeout = 30 * time.Second // a team without a staff channel gets one message each
	return o
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

// whisperOptions: an answer that comes minutes later answers nothing.
func whisperOptions() workflow.ActivityOptions {
	o := slackOptions("whisper")
	o.ScheduleToCloseTimeout = 2 * time.Minute
	return o
}

// secretsOptions: while the message stands, it is worth being told.
func secretsOptions() workflow.ActivityOptions {
	o := slackOptions("tell the requester of secrets")
	o.ScheduleToCloseTimeout = 24 * time.Hour
	return o
}

// offerOptions: after an hour somebody else may have answered. Receipts come before it.
func offerOptions() workflow.ActivityOptions {
	o := slackOptions("offer an answer")
	o.ScheduleToCloseTimeout = time.Hour
	o.Priority.PriorityKey = 4
	return o
}

// settleOptions: a press is to be seen and counted; whatever Slack does, the request's end must not wait for it longer.
func settleOptions() workflow.ActivityOptions {
	o := slackOptions("settle the answer offered")
	o.ScheduleToCloseTimeout = 24 * time.Hour
	return o
}

// compareOptions: a few pages of channels; what cannot be asked within an hour is asked tomorrow.
func compareOptions() workflow.ActivityOptions {
	o := slackOptions("compare channels")
	o.StartToCloseTimeout = 2 * time.Minute
	o.ScheduleToCloseTimeout = time.Hour
	return o
}

// retentionOptions: one batch of our own databases, and one signal for each request of it.
func retentionOptions() workflow.ActivityOptions {
	o := storeOptions("apply retention to a batch")
	o.StartToCloseTimeout = 2 * time.Minute
	return o
}

// purgeOptions: each call goes on for most of a minute, and one that fails is tried again for as long as it takes.
func purgeOptions() workflow.ActivityOptions {
	o := storeOptions("purge")
	o.StartToCloseTimeout = 3 * time.Minute
	o.HeartbeatTimeout = 5 * time.Second
	o.RetryPolicy = &temporal.RetryPolicy{InitialInterval: time.Second, MaximumInterval: 30 * time.Second}
	return o
}

// probeOptions: the next workspace is waiting; what Slack does not answer is asked again in six hours.
func probeOptions() workflow.ActivityOptions {
	o := slackOptions("probe token")
	o.ScheduleToCloseTimeout = 2 * time.Minute
	return o
}

// dataRequestOptions: as for a purge; the law gives weeks, so it is tried again for as long as it takes.
func dataRequestOptions() workflow.ActivityOptions {
	o := purgeOptions()
	o.Summary = "data request"
	return o
}
