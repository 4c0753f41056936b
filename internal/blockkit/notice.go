package blockkit

import (
	"cmp"
	"fmt"
	"time"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Notice tells staff that a clock runs out, or has run out.
type Notice struct {
	Request
	Clock helpdesk.Clock
	Kind  helpdesk.NoticeKind
	At    time.Time // when the notice was due
	Due   time.Time // when the clock is due
	Sent  time.Time
	// Skipped is when the warning was due that could not be sent; zero where it was.
	Skipped time.Time
	// Repeated: an earlier message may have arrived.
	Repeated bool
	// Corrected: the clock was met after all.
	Corrected bool
}

// lateness from which a notice is called late: the promise is five seconds, and people read minutes.
const lateness = time.Minute

var clockName = map[helpdesk.Clock]string{helpdesk.FirstResponse: "first reply", helpdesk.Resolution: "resolution"}

// Render gives the text for notifications and screen readers, and the blocks.
func (n Notice) Render() (text string, blocks []slack.Block) {
	title, what := fmt.Sprintf("Request #%d", n.Number), n.what()
	title = cmp.Or(link(n.Link, title), title)
	body := join("  ·  ", "*"+title+"*", priorityMark[n.Priority], plain(n.LabelName, maxLabel)) + "\n" + what
	blocks = []slack.Block{
		slack.NewSectionBlock(mrkdwn(body), nil, nil, slack.SectionBlockOptionBlockID("notice")),
		slack.NewContextBlock("notice_facts", mrkdwn(join("  ·  ", n.notes()...))),
	}
	text = fmt.Sprintf("Request #%d: ", n.Number) + fallback(what)
	if n.Repeated {
		text += " (repeated)"
	}
	return text, blocks
}

func (n Notice) what() string {
	clock, due := clockName[n.Clock], localTime(n.Due)
	switch {
	case n.Corrected:
		return "✅ Correction: the " + clock + " came in time. It was due by " + due + "."
	case n.Kind == helpdesk.Breach:
		return "🚨 The " + clock + " is overdue. It was due by " + due + "."
	}
	return "⏰ The " + clock + " is due by " + due + "."
}

// notes is the small print: who has the request, when the notice was sent, and what was wrong with it.
func (n Notice) notes() (notes []string) {
	switch {
	case n.Corrected: // nobody has to act
	case n.Assignee == "":
		notes = append(notes, "nobody has taken it")
	default:
		notes = append(notes, "with "+Mention(n.Assignee))
	}
	sent := "sent " + localTime(n.Sent)
	if late := n.Sent.Sub(n.At); late >= lateness && !n.Corrected {
		sent += ", late by " + span(late)
	}
	notes = append(notes, sent)
	if !n.Skipped.IsZero() {
		notes = append(notes, "the warning due at "+localTime(n.Skipped)+" was skipped")
	}
	if n.Repeated {
		notes = append(notes, "(repeated)")
	}
	return notes
}

// Whisper tells one person why something was refused.
func Whisper(why helpdesk.Reason) (text string, blocks []slack.Block) {
	text = why.Sentence()
	return text, []slack.Block{slack.NewSectionBlock(mrkdwn(text), nil, nil)}
}
