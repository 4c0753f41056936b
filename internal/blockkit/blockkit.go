// Package blockkit turns the domain into Slack's Block Kit. It is pure: it calls nobody and decides nothing but how
// a thing looks. It never quotes a message.
package blockkit

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Escape makes s plain in Slack's mrkdwn: no mention, link or entity of it works.
func Escape(s string) string { return escaper.Replace(s) }

// styles are the characters that Slack would style, by what looks like them.
var styles = strings.NewReplacer("*", "∗", "_", "\u200b_", "~", "∼", "`", "ˋ")

// plain is text of a person or a model as one line of mrkdwn of at most so many characters before escaping: without
// mention, link or style, and without what would turn the direction of our own words around it.
func plain(s string, most int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s)
	s = strings.TrimSpace(s)
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return styles.Replace(Escape(s))
}

// The longest label and model name shown. With every character escaped they stay far below Slack's limit of a text.
const (
	maxLabel = 75
	maxModel = 200
)

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
	title, label, state := fmt.Sprintf("Request #%d", r.Number), plain(r.Label, maxLabel), ""
	if r.Status != helpdesk.New {
		state = statusName[r.Status]
	}
	body := join("  ·  ", "*"+title+"*", priorityMark[r.Priority], label, state)
	body = join("\n", body, plain(r.Summary, helpdesk.MaxSummary))
	blocks = append(blocks, slack.NewSectionBlock(mrkdwn(body), nil, nil, slack.SectionBlockOptionBlockID("receipt")))
	if notes := join("  ·  ", r.notes()...); notes != "" {
		blocks = append(blocks, slack.NewContextBlock("receipt_facts", mrkdwn(notes)))
	}
	text = join(", ", label, plain(string(r.Priority), maxLabel))
	text = strings.ReplaceAll(text, "&amp;", "&") // harmless alone, and a screen reader may read it as it stands
	return title + ": " + join("; ", text, fallback(r.due())), blocks
}

// join joins what is not empty.
func join(between string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(parts), func(s string) bool { return s == "" }), between)
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

// due says by when somebody replies, in the viewer's own time; "" where nobody has to.
func (r Receipt) due() string {
	switch {
	case r.ClocksOff == helpdesk.StopChannelLeft:
		return "clocks stopped: the app is no longer in this channel"
	case r.ClocksOff != "":
		return "clocks stopped"
	case !r.Status.Open():
		return ""
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
	text = "Echo-Synch turns messages in this channel into IT requests."
	points := []string{
		"*What it reads:* new messages at the top of this channel. Of replies it notes who and when, not what. Nothing that was written before now.",
		"*How long it keeps text:* " + span(i.Retention) + ", encrypted, then the text is destroyed. Label, priority and a one-line summary stay.",
		"*Model:* " + plain(i.Model, maxModel) + ".",
		"*To ask for help:* just write a message here. The receipt appears in its thread.",
	}
	return text, []slack.Block{
		slack.NewSectionBlock(mrkdwn(text), nil, nil, slack.SectionBlockOptionBlockID("introduction")),
		slack.NewSectionBlock(mrkdwn("• "+strings.Join(points, "\n• ")), nil, nil, slack.SectionBlockOptionBlockID("introduction_points")),
	}
}

// span says a length of time in days, or in hours where it is no whole number of days, rounded up.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d == day:
		return "1 day"
	case d%day == 0:
		return fmt.Sprintf("%d days", d/day)
	}
	return fmt.Sprintf("%d hours", (d+time.Hour-1)/time.Hour)
}
