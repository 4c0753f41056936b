package helpdesk

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/echo-synch/echo-synch/internal/sla"
)

// Clock is one of the two SLA clocks of a request.
type Clock string

// The clocks. Scrub and close are deadlines, not clocks.
const (
	FirstResponse Clock = "first_response"
	Resolution    Clock = "resolution"
)

// Deadline is one armed clock: when it is due and when its warning goes out.
type Deadline struct {
	Due    time.Time `json:"due"`
	WarnAt time.Time `json:"warn_at"`
}

// Deadlines are both clocks of a request, computed once by an activity and recorded, because time-zone data on
// the host could break replay.
type Deadlines struct {
	FirstResponse Deadline `json:"first_response"`
	Resolution    Deadline `json:"resolution"`
}

// Request is the row people and pages read: the versioned projection of the workflow's state.
type Request struct {
	ID        RequestID
	Number    int64 // per workspace, shown as #1042
	Channel   ChannelID
	OriginTS  string // Slack ts of the opening message, which is also its thread
	Requester string // Slack user id
	Files     int
	OpenedAt  time.Time // the message's own time
	Link      string    // to the thread in Slack; "" until somebody needed it
	ScrubAt   time.Time // the retention deadline of the text
	// ScrubbedAt is when the text was destroyed; zero while it is there.
	ScrubbedAt time.Time

	Progress
	Heard     Heard
	ReceiptAt Posted // in the thread of the message
	CardAt    Posted // the staff card, in the staff channel
}

// Posted is where a message of ours stands, and the version of the request it shows. TS is "" until it is posted.
type Posted struct {
	Channel string
	TS      string
	Version int64
}

// Progress is the part of a request that changes. The workflow is its only writer.
type Progress struct {
	Version   int64    `json:"version"`
	Status    Status   `json:"status"`
	Label     string   `json:"label"`
	Priority  Priority `json:"priority"`
	TriagedBy Provider `json:"triaged_by"`
	Checks    []Check  `json:"checks,omitempty"` // what an agent should look at
	// TriagedWith says which model it was, where, and in whose project; "" where it was none.
	TriagedWith string    `json:"triaged_with,omitempty"`
	Assignee    string    `json:"assignee,omitempty"` // Slack user id
	Deadlines   Deadlines `json:"deadlines"`
	// Was holds the deadlines before the last change of the priority.
	Was *Deadlines `json:"was,omitempty"`
	// RespondedAt is the time of the first thread message of an agent who is not the requester.
	RespondedAt time.Time `json:"responded_at,omitzero"`
	// NoResponse: resolved without one before it was due; first response is left out of the figures.
	NoResponse bool      `json:"no_response,omitempty"`
	ResolvedAt time.Time `json:"resolved_at,omitzero"`
	// Pauses of the resolution clock: waiting on the requester, and from resolved to reopened. The last one has no
	// end while it lasts.
	Pauses    []sla.Pause `json:"pauses,omitempty"`
	ClocksOff ClockStop   `json:"clocks_off,omitempty"`
	Kin       Kin         `json:"kin,omitzero"`
}

// Due is when a clock is due; zero while it is held off.
func (p Progress) Due(c Clock) time.Time {
	if c == FirstResponse {
		return p.Deadlines.FirstResponse.Due
	}
	return p.Deadlines.Resolution.Due
}

// Runs reports whether a clock is still to be met.
func (p Progress) Runs(c Clock) bool {
	switch {
	case p.ClocksOff != "" || !p.Status.Open():
		return false
	case c == FirstResponse:
		return p.RespondedAt.IsZero() && !p.NoResponse
	}
	return p.Status != Waiting
}

// PausedAt is when the pause that has not ended began; zero where none runs.
func (p Progress) PausedAt() time.Time {
	if n := len(p.Pauses); n > 0 && p.Pauses[n-1].To.IsZero() {
		return p.Pauses[n-1].From
	}
	return time.Time{}
}

// Paused is p with the resolution clock paused from at; one that is paused stays so.
func (p Progress) Paused(at time.Time) Progress {
	if p.PausedAt().IsZero() {
		p.Pauses = append(slices.Clip(p.Pauses), sla.Pause{From: at})
	}
	return p
}

// Resumed is p with the pause that has not ended ended at.
func (p Progress) Resumed(at time.Time) Progress {
	p.Pauses = slices.Clone(p.Pauses)
	if n := len(p.Pauses); n > 0 && p.Pauses[n-1].To.IsZero() {
		p.Pauses[n-1].To = at
	}
	return p
}

// Reply is one message in the thread of a request. Its text is never stored.
type Reply struct {
	At   time.Time `json:"at"`
	User string    `json:"user"` // Slack user id
	// Requester wrote it; else an agent did. An agent who is the requester is the requester.
	Requester bool `json:"requester,omitempty"`
	// Thanks: it is only thanks, and reopens nothing.
	Thanks bool `json:"thanks,omitempty"`
}

// ClockStop is why both clocks of a request were cancelled; "" while they run.
type ClockStop string

// Reasons for cancelled clocks.
const (
	StopChannelLeft ClockStop = "channel_left" // the app was removed, or the channel archived or deleted
	StopParentGone  ClockStop = "parent_gone"  // the message vanished before its receipt
	StopDeleted     ClockStop = "deleted"      // its author deleted the message
	StopNotRequest  ClockStop = "not_request"  // somebody said that it is none
	StopErased      ClockStop = "erased"       // the person who asked was erased
	StopDuplicate   ClockStop = "duplicate"    // it follows the clock of another request, as long as it is one; left out of the figures
)

// ParseTS turns a Slack message ts ("1700000000.000100") into its instant, to the microsecond.
// It wraps [ErrInvalid].
func ParseTS(ts string) (time.Time, error) {
	sec, micro, ok := strings.Cut(ts, ".")
	s, err1 := strconv.ParseUint(sec, 10, 36)
	m, err2 := strconv.ParseUint(micro, 10, 32)
	if !ok || len(micro) != 6 || err1 != nil || err2 != nil {
		return time.Time{}, fmt.Errorf("parse message ts: %w", ErrInvalid)
	}
	return time.Unix(int64(s), int64(m)*int64(time.Microsecond)).UTC(), nil
}
