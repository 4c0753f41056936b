// Package names holds what the two sides of Temporal must agree on: task queues, workflow ids, signal names and
// their argument types. It holds no behaviour. Everything here ends up in workflow history, so it is ids, enums
// and times only.
package names

import (
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Task queues.
const (
	QueueRequests = "requests" // workflows, and activities that touch only our own database
	QueueModel    = "model"    // calls to a model provider
	QueueSlack    = "slack"    // calls to Slack
)

// Workflow types.
const (
	WorkflowRequest       = "Request"
	WorkflowChannelJoined = "ChannelJoined"
	WorkflowChannelLeft   = "ChannelLeft"
)

// Search attributes. WorkspaceId and OpenedAt are set at the start, Breached on a breach, Outcome at the end.
const (
	AttributeWorkspaceID = "WorkspaceId"
	AttributeOpenedAt    = "OpenedAt"
	AttributeBreached    = "Breached"
	AttributeOutcome     = "Outcome"
)

// RequestInput starts a Request workflow.
type RequestInput struct {
	Workspace helpdesk.WorkspaceID `json:"workspace"`
	Request   helpdesk.RequestID   `json:"request"`
}

// RequestID is the workflow id of a request.
func RequestID(id helpdesk.RequestID) string { return "request/" + id.String() }

// ChannelInput starts a ChannelJoined or ChannelLeft workflow.
type ChannelInput struct {
	Workspace helpdesk.WorkspaceID `json:"workspace"`
	Channel   helpdesk.ChannelID   `json:"channel"`
	At        time.Time            `json:"at"` // of the event, by Slack's clock
}

// ChannelJoinedID is the workflow id of the introduction in a channel joined at the given time.
func ChannelJoinedID(in ChannelInput) string {
	return fmt.Sprintf("channel-joined/%s/%d", in.Channel, in.At.UnixMicro())
}

// ChannelLeftID is the workflow id of what follows leaving a channel at the given time.
func ChannelLeftID(in ChannelInput) string {
	return fmt.Sprintf("channel-left/%s/%d", in.Channel, in.At.UnixMicro())
}

// SignalStopClocks tells a request that its clocks are cancelled, and why. Harmless when repeated.
const SignalStopClocks = "stop-clocks"

// StopClocks is the argument of [SignalStopClocks].
type StopClocks struct {
	Reason helpdesk.ClockStop `json:"reason"`
}
