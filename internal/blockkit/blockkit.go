// Package blockkit turns the domain into Slack's Block Kit. It is pure: it calls nobody and decides nothing but how
// a thing looks. It never quotes a message.
package blockkit

import (
	"fmt"
	"strings"
	"time"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Escape makes s plain in Slack's mrkdwn: no mention, link or entity of it works.
func Escape(s string) string { return escaper.Replace(s) }

// plain is text of a person or a model in mrkdwn: escaped, and with what Slack would style or link defused.
func plain(s string) string {
	return strings.NewReplacer("*", "∗", "_", "\u200b_", "~", "∼", "`", "ˋ", "\n", " ").Replace(Escape(s))
}

// Receipt is our message in the requester's thread: the face of a request.
type Receipt struct {
	Number           int64
	Label            string // as people see it
	Summary          string
	Priority         helpdesk.Priority
	WithoutAI        bool
	Status           helpdesk.Status
	FirstResponseDue time.Time
	ClocksOff        helpdesk.ClockStop
	Files            int
}

var priorityMark = map[helpdesk.Priority]string{
	helpdesk.Critical: "🔴 Critical", helpdesk.High: "🟠 High", helpdesk.Medium: "🟡 Medium", helpdesk.Low: "⚪ Low",
}

var statusName = map[helpdesk.Status]string{
	helpdesk.New: "New", helpdesk.InProgress: "In progress", helpdesk.Waiting: "Waiting on requester",
	helpdesk.Resolved: "Resolved", helpdesk.Closed: "Closed", helpdesk.Withdrawn: "Withdrawn",
}

// Render gives the text for notifications and screen readers, and the blocks.
func (r Receipt) Render() (text string, blocks []slack.Block) {
	title := fmt.Sprintf("Request #%d", r.Number)
	facts := []string{"*" + title + "*", priorityMark[r.Priority], plain(r.Label)}
	if r.Status != helpdesk.New {
		facts = append(facts, statusName[r.Status])
	}
	body := strings.Join(facts, "  ·  ")
	if r.Summary != "" {
		body += "\n" + plain(r.Summary)
	}
	blocks = append(blocks,
		slack.NewSectionBlock(mrkdwn(body), nil, nil, slack.SectionBlockOptionBlockID("receipt")),
		slack.NewContextBlock("receipt_facts", mrkdwn(strings.Join(r.notes(), "  ·  "))))
	text = fmt.Sprintf("%s: %s, %s. %s", title, r.Label, r.Priority, fallback(r.due()))
	return text, blocks
}

// notes is the small print: by when, what came with it, how it was triaged.
func (r Receipt) notes() []string {
	notes := []string{r.due()}
	switch {
	case r.Files == 1:
		notes = append(notes, "1 file")
	case r.Files > 1:
		notes = append(notes, fmt.Sprintf("%d files", r.Files))
	}
	if r.WithoutAI {
		notes = append(notes, "triaged without AI")
	}
	return notes
}

// due says by when somebody replies, in the viewer's own time.
func (r Receipt) due() string {
	switch {
	case r.ClocksOff == helpdesk.StopChannelLeft:
		return "clocks stopped: the app is no longer in this channel"
	case r.ClocksOff != "":
		return "clocks stopped"
	}
	return "first reply due by " + localTime(r.FirstResponseDue)
}

// localTime shows an instant in the viewer's own zone; UTC where Slack cannot.
func localTime(t time.Time) string {
	return fmt.Sprintf("<!date^%d^{date_short_pretty} {time}|%s>", t.Unix(), t.UTC().Format("2 Jan 15:04 UTC"))
}

// fallback is text with each date token replaced by what stands behind its bar.
func fallback(s string) string {
	for {
		from := strings.Index(s, "<!date^")
		if from < 0 {
			return s
		}
		bar, to := strings.Index(s[from:], "|"), strings.Index(s[from:], ">")
		s = s[:from] + s[from+bar+1:from+to] + s[from+to+1:]
	}
}

func mrkdwn(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.MarkdownType, s, false, true)
}

// Introduction is what the app says when it is added to a channel (behaviour 27).
type Introduction struct {
	Retention    time.Duration
	Model        string // which model reads, and where
	StaffChannel bool
}

// Render gives the text for notifications and screen readers, and the blocks.
func (i Introduction) Render() (text string, blocks []slack.Block) {
	if i.StaffChannel {
		text = "Echo-Synch uses this channel for the staff. It does not read what is written here."
		return text, []slack.Block{slack.NewSectionBlock(mrkdwn(text), nil, nil)}
	}
	days := int(i.Retention / (24 * time.Hour))
	text = "Echo-Synch turns messages in this channel into IT requests."
	points := []string{
		"*What it reads:* new messages at the top of this channel. Of replies it notes who and when, not what. Nothing that was written before now.",
		fmt.Sprintf("*How long it keeps text:* %d days, encrypted, then the text is destroyed. Label, priority and a one-line summary stay.", days),
		"*Model:* " + Escape(i.Model) + ".",
		"*To ask for help:* just write a message here. The receipt appears in its thread.",
	}
	return text, []slack.Block{
		slack.NewSectionBlock(mrkdwn(text), nil, nil, slack.SectionBlockOptionBlockID("introduction")),
		slack.NewSectionBlock(mrkdwn("• "+strings.Join(points, "\n• ")), nil, nil, slack.SectionBlockOptionBlockID("introduction_points")),
	}
}
