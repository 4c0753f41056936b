// Package workflows is the business process: the life of a request and what happens to channels, each as one
// workflow that reads like the process. It decides; what it decides is carried out by activities. No clock, random,
// map order, time zone, goroutine or I/O but Temporal's; deadlines come from activities, recorded.
//
// Data flow of a request:
//
//	Request(ids) ─► Triage ─► state v1 ─┬► keepClocks: one timer to the next instant ─► Notices
//	                                    ├► keepReceipt: SendReceipt, newest version only
//	                                    ├► keepNotices: SendNotice, one after the other
//	                                    ├► triageLater: only where the model did not answer
//	presses (updates, validated) ──────►├
//	replies, edits, deletions (signals)►┤ one change at a time, each a new version of the state
//	other requests: incident, original ►┘ (signals; kin.go)
//
// # Changing a workflow
//
// A request lives for weeks, so the code of tomorrow goes on with histories of today. Hence:
//
//   - The replay test holds every change to the recorded histories of each path. Record a new set (make
//     record-histories) with every release that changes a workflow, from what is released; the last five stay.
//   - A change that the replay test refuses is versioned: workflow.GetVersion(ctx, "what-changes", DefaultVersion, 1)
//     at the place of the change, old branch kept. The branch goes when no open workflow can be on it: the longest life
//     of a request plus the retention of histories after the release.
//   - Replay compares commands, not their contents: it does not notice another length of a timer, another argument of
//     an activity, or another summary. Fields of inputs and results may be added, with a zero value that means what was
//     before; they are never renamed, removed or given another meaning.
//   - Signals and updates may get new names; old ones are heard as long as a history may hold them.
//   - Local activities, side effects, timers and search attributes are commands: adding, removing or reordering one is a
//     change that needs a version. Logging, current details and Await are none.
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
		names.WorkflowWhisper:       Whisper,
		names.WorkflowCompare:       CompareChannels,
		names.WorkflowRetention:     ApplyRetention,
		names.WorkflowPurge:         Purge,
		names.WorkflowProbe:         ProbeTokens,
		names.WorkflowWelcome:       Welcome,
		names.WorkflowDataRequest:   DataRequest,
	} {
		r.RegisterWorkflowWithOptions(w, workflow.RegisterOptions{Name: name})
	}
}
