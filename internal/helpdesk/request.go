package helpdesk

import (
	"fmt"
	"strconv"
	"strings"
	"time"
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

	Progress
	ReceiptTS  string // "" until the receipt is posted
	ReceiptVer int64  // version the receipt shows
}

// Progress is the part of a request that changes. The workflow is its only writer.
type Progress struct {
	Version   int64     `json:"version"`
	Status    Status    `json:"status"`
	Label     string    `json:"label"`
	Priority  Priority  `json:"priority"`
	TriagedBy Provider  `json:"triaged_by"`
	Deadlines Deadlines `json:"deadlines"`
	ClocksOff ClockStop `json:"clocks_off,omitempty"`
}

// ClockStop is why both clocks of a request were cancelled; "" while they run.
type ClockStop string

// Reasons for cancelled clocks.
const (
	StopChannelLeft ClockStop = "channel_left" // the app was removed, or the channel archived or deleted
	StopParentGone  ClockStop = "parent_gone"  // the message vanished before its receipt
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
