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
)

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;")

// Escape makes s plain in Slack's mrkdwn: no mention, link or entity of it works.
func Escape(s string) string { return escaper.Replace(s) }

// styles are the characters that Slack would style, by what looks like them.
var styles = strings.NewReplacer("*", "∗", "_", "\u200b_", "~", "∼", "`", "ˋ")

// plain is text of a person or a model as one line of mrkdwn of at most so many characters before escaping: without
// mention, link or style.
func plain(s string, most int) string {
	s = oneLine(s)
	if r := []rune(s); len(r) > most {
		s = string(r[:most-1]) + "…"
	}
	return styles.Replace(Escape(s))
}

// oneLine is s without what would break the line, or turn the direction of our own words around it.
func oneLine(s string) string {
	return strings.TrimSpace(strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r), unicode.IsControl(r):
			return ' '
		case unicode.Is(unicode.Bidi_Control, r):
			return -1
		}
		return r
	}, s))
}

// The longest label, model name and address shown. With every character escaped they stay below Slack's limit of a text.
const (
	maxLabel = 75
	maxModel = 200
	maxLink  = 300
)

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

// span says a length of time: in days, hours or minutes, the largest that says it in whole numbers worth reading,
// rounded up.
func span(d time.Duration) string {
	const day = 24 * time.Hour
	switch {
	case d >= day && d%day == 0:
		return count(int64(d/day), "day")
	case d >= 10*time.Hour || d >= time.Hour && d%time.Hour == 0:
		return count(int64((d+time.Hour-1)/time.Hour), "hour")
	case d >= time.Hour:
		return count(int64(d/time.Hour), "hour") + " " + count(int64((d%time.Hour+time.Minute-1)/time.Minute), "minute")
	}
	return count(int64((d+time.Minute-1)/time.Minute), "minute")
}

func count(n int64, unit string) string {
	if n == 1 {
		return "1 " + unit
	}
	return fmt.Sprintf("%d %ss", n, unit)
}

// Mention is a person by their Slack id; Slack shows the name. What is no id mentions nobody.
func Mention(user string) string {
	if user == "" || len(user) > maxLabel || strings.Trim(user, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789") != "" {
		return "somebody"
	}
	return "<@" + user + ">"
}

// link is words that lead to an address; "" where the address is none, or would not stay inside the link.
func link(address, words string) string {
	odd := func(r rune) bool { return r <= ' ' || r > '~' || strings.ContainsRune("<>|", r) }
	if !strings.HasPrefix(address, "https://") || len(address) > maxLink || strings.ContainsFunc(address, odd) {
		return ""
	}
	return "<" + Escape(address) + "|" + words + ">"
}

func emoji(s string) *slack.TextBlockObject {
	return slack.NewTextBlockObject(slack.PlainTextType, s, true, false)
}

// join joins what is not empty.
func join(between string, parts ...string) string {
	return strings.Join(slices.DeleteFunc(slices.Clone(parts), func(s string) bool { return s == "" }), between)
}
