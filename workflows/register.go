// Package workflows is the business process: the life of a request and what happens to channels, each as one
// workflow that reads like the process. It decides; what it decides is carried out by activities. No clock, random,
// map order, time zone, goroutine or I/O but Temporal's; deadlines come from activities, recorded.
//
// Data flow of a request:
//
//	Request(ids) ─► Triage ─► state v1 ─┬► keepClocks: one timer to the next instant
//	                                    ├► keepReceipt: SendReceipt, newest version only
//	                                    ├► triageLater: only where the model did not answer
//	                                    └► hearStops: signals from outside
package workflows

import (
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"

	"github.com/echo-synch/echo-synch/workflows/names"
)

// Register registers every workflow under its name.
func Register(r worker.WorkflowRegistry) {
	for name, w := range map[string]any{
		names.WorkflowRequest:       Request,
		names.WorkflowChannelJoined: ChannelJoined,
		names.WorkflowChannelLeft:   ChannelLeft,
	} {
		r.RegisterWorkflowWithOptions(w, workflow.RegisterOptions{Name: name})
	}
}
