package helpdesk

import "time"

// NoticeKind is what a notice of a clock says.
type NoticeKind string

// The kinds of notices, which are also the levels of a clock.
const (
	Warning NoticeKind = "warning"
	Breach  NoticeKind = "breach"
)

// NoticeOutcome is what became of a level that a clock has reached.
type NoticeOutcome string

// The outcomes.
const (
	NoticeSending       NoticeOutcome = "sending"
	NoticeSent          NoticeOutcome = "sent"
	NoticeSkipped       NoticeOutcome = "skipped"       // a higher level was passed by the time it could be sent
	NoticeMet           NoticeOutcome = "met"           // the clock was met before it was sent
	NoticeUndeliverable NoticeOutcome = "undeliverable" // Slack refused every recipient for good
	NoticeCorrected     NoticeOutcome = "corrected"     // sent, but a message that came late proves that the clock was met
)

// SLAEvent is one level that a clock has reached.
type SLAEvent struct {
	Clock      Clock
	Kind       NoticeKind
	Due        time.Time // when the notice was due
	Sent       time.Time // zero where nothing was sent
	Recipients int
	Outcome    NoticeOutcome
}

// NoticeState is what is known of one message of a notice.
type NoticeState string

// The states. NoticeTrying is stored before the call, so a call with an unknown outcome is known.
const (
	NoticeHeld      NoticeState = "held" // nothing was sent
	NoticeTrying    NoticeState = "sending"
	NoticeDelivered NoticeState = "sent"
	NoticeRefused   NoticeState = "refused" // by Slack, for good
)

// Notice is one message of a notice. Recipient is a Slack user, or the staff channel.
type Notice struct {
	Recipient string
	State     NoticeState
	Repeated  bool
	Channel   string // where it stands
	TS        string
	// ThreadTS is the thread it was first tried in, "" at the channel root: there a look-up finds it, whatever the staff card
	// has become since.
	ThreadTS string
}

// Line are those whom a notice goes to, in groups: the next group is tried where Slack refuses all of one for good
// (assignee, team, admins). A staff channel stands for the team.
func Line(assignee, staffChannel string, agents []Agent) [][]string {
	var team, admins []string
	for _, a := range agents {
		team = append(team, a.User)
		if a.Role == RoleAdmin {
			admins = append(admins, a.User)
		}
	}
	if staffChannel != "" {
		team = []string{staffChannel}
	}
	line := [][]string{team, admins}
	if assignee != "" {
		line = append([][]string{{assignee}}, line...)
	}
	return line
}
