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
	WorkflowWhisper       = "Whisper"
	WorkflowCompare       = "CompareChannels"
	WorkflowRetention     = "ApplyRetention"
	WorkflowPurge         = "Purge"
	WorkflowProbe         = "ProbeTokens"
	WorkflowWelcome       = "Welcome"
	WorkflowDataRequest   = "DataRequest"
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

// ScheduleCompare is the id of the schedule that starts a CompareChannels workflow once a day, and of what it starts.
const ScheduleCompare = "compare-channels"

// CompareInput asks for the comparison of one workspace's channels with Slack, as of an instant.
type CompareInput struct {
	Workspace helpdesk.WorkspaceID `json:"workspace"`
	At        time.Time            `json:"at"`
}

// ChannelJoinedID is the workflow id of the introduction in a channel joined at the given time.
func ChannelJoinedID(in ChannelInput) string {
	return fmt.Sprintf("channel-joined/%s/%d", in.Channel, in.At.UnixMicro())
}

// ChannelLeftID is the workflow id of what follows leaving a channel at the given time.
func ChannelLeftID(in ChannelInput) string {
	return fmt.Sprintf("channel-left/%s/%d", in.Channel, in.At.UnixMicro())
}

// UpdatePress is a button or menu of a request's receipt or staff card. A press that the rules do not allow is refused with
// an application error whose type is the [helpdesk.Reason]; it leaves no trace in the history. Its update id is the
// delivery's, so a press that is handed over twice counts once.
const UpdatePress = "press"

// Press is the argument of [UpdatePress].
type Press struct {
	By     helpdesk.Actor  `json:"by"`
	Action helpdesk.Action `json:"action"`
	Value  string          `json:"value,omitempty"` // the priority, label or original (an id) chosen
	Seen   int64           `json:"seen,omitempty"`  // the version that the pressed message showed
	At     time.Time       `json:"at"`              // by Slack's clock
}

// The signals of a request. All are harmless when repeated, and commute.
const (
	SignalReply      = "reply"       // a [helpdesk.Reply] that changes the state
	SignalEdited     = "edited"      // an [Edited]: the text was replaced
	SignalDeleted    = "deleted"     // its author deleted the message
	SignalStopClocks = "stop-clocks" // a [StopClocks]
	SignalScrubAt    = "scrub-at"    // a [ScrubAt]: the retention was shortened
	SignalErased     = "erased"      // the person who asked was erased, and with them text and summary
	SignalUnassign   = "unassign"    // an [Unassign]: the assignee was erased
	SignalIncident   = "incident"    // an [Incident]: from the request that completes it
	SignalJoined     = "joined"      // a [Duplicate]: from one that has become a duplicate of this request
	SignalSeparated  = "separated"   // a [Duplicate]: from one that is none any more
	SignalOriginal   = "original"    // an [Original]: from the request that this one is a duplicate of
)

// Unassign takes the assignee from a request, unless it was assigned after the given version. It names nobody: who it is
// about was erased.
type Unassign struct {
	Version int64 `json:"version"`
}

// Incident tells a request that it is one of several that look like one incident.
type Incident struct {
	Requests int             `json:"requests"` // how many
	Peers    []helpdesk.Peer `json:"peers"`    // some of them
}

// Duplicate is who tells its original.
type Duplicate struct{ helpdesk.Peer }

// Original tells a duplicate what became of its original: open, or resolved at a time; anything else lets it go. An older
// version than one that was heard before says nothing.
type Original struct {
	ID      helpdesk.RequestID `json:"id"`
	Version int64              `json:"version"`
	Status  helpdesk.Status    `json:"status"`
	At      time.Time          `json:"at,omitzero"`
}

// Edited is the argument of [SignalEdited].
type Edited struct {
	At time.Time `json:"at"`
}

// StopClocks tells a request that its clocks are cancelled, and why.
type StopClocks struct {
	Reason helpdesk.ClockStop `json:"reason"`
}

// ScrubAt is the argument of [SignalScrubAt]. The earliest one counts.
type ScrubAt struct {
	At time.Time `json:"at"`
}

// RetentionInput starts an ApplyRetention workflow: the retention of a workspace was shortened, in the given version of its
// settings.
type RetentionInput struct {
	Workspace helpdesk.WorkspaceID `json:"workspace"`
	Version   int64                `json:"version"`
	Retention time.Duration        `json:"retention"`
}

// RetentionID is the workflow id of the application of a retention.
func RetentionID(in RetentionInput) string {
	return fmt.Sprintf("retention/%s/%d", in.Workspace, in.Version)
}

// PurgeInput starts a Purge workflow: the destruction of a workspace after one of its uninstalls.
type PurgeInput struct {
	Workspace helpdesk.WorkspaceID `json:"workspace"`
	Number    int                  `json:"number"` // counts the uninstalls
}

// PurgeID is the workflow id of a purge.
func PurgeID(in PurgeInput) string { return fmt.Sprintf("purge/%s/%d", in.Workspace, in.Number) }

// DataRequestInput starts a DataRequest workflow.
type DataRequestInput struct {
	Workspace   helpdesk.WorkspaceID   `json:"workspace"`
	DataRequest helpdesk.DataRequestID `json:"data_request"`
}

// DataRequestID is the workflow id of a data request.
func DataRequestID(in DataRequestInput) string { return "data-request/" + in.DataRequest.String() }

// SignalLook tells a DataRequest workflow that there is news in its row.
const SignalLook = "look"

// ScheduleProbe is the id of the schedule that starts a ProbeTokens workflow every six hours, and of what it starts.
const ScheduleProbe = "probe-tokens"

// WelcomeInput starts a Welcome workflow: a message to the person who installed the app, as of an authorisation.
type WelcomeInput struct {
	Workspace helpdesk.WorkspaceID `json:"workspace"`
	User      string               `json:"user"` // Slack user id
	Restored  bool                 `json:"restored,omitempty"`
	At        time.Time            `json:"at"`
}

// WelcomeID is the workflow id of the welcome after an authorisation.
func WelcomeID(in WelcomeInput) string {
	return fmt.Sprintf("welcome/%s/%d", in.Workspace, in.At.UnixMicro())
}

// WhisperInput starts a Whisper workflow: an answer that only the person who asked sees.
type WhisperInput struct {
	RequestInput
	User   string          `json:"user"` // Slack user id
	Reason helpdesk.Reason `json:"reason"`
}

// WhisperID is the workflow id of the answer to one delivery.
func WhisperID(id helpdesk.InboxID) string { return "whisper/" + id.String() }
