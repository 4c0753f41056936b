package blockkit

import (
	"fmt"
	"strings"
	"unicode/utf16"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Answer is an entry of the knowledge base that is offered in a request's thread. It shows the entry, never the message.
type Answer struct {
	Request helpdesk.RequestID
	helpdesk.Content
	Confidence int             // in percent
	Pressed    helpdesk.Action // what was said of it; "" while nothing was
	Withdrawn  bool            // the request was
}

// rated is what stands in the place of the buttons.
var rated = map[helpdesk.Action]string{
	helpdesk.Helpful:       "👍 Marked as helpful",
	helpdesk.NotRelevant:   "👎 Marked as not relevant",
	helpdesk.CloseResolved: "✅ The request was resolved with this answer",
}

// maxAnswer is how much of an answer is shown, in UTF-16 units; Slack takes 3000 in a text.
const maxAnswer = 2900

// Render gives the text for notifications and screen readers, and the blocks.
func (a Answer) Render() (text string, blocks []slack.Block) {
	question := plain(a.Question, helpdesk.MaxQuestion)
	if a.Pressed == helpdesk.NotRelevant { // it is out of the way, in one line
		note := join("  ·  ", rated[a.Pressed], question)
		return "Marked as not relevant: " + question, []slack.Block{slack.NewContextBlock("answer_rated", mrkdwn(note))}
	}
	facts := join("  ·  ", "from the knowledge base", fmt.Sprintf("confidence %d %%", a.Confidence), link(a.Link, "read more"))
	blocks = []slack.Block{
		slack.NewSectionBlock(mrkdwn("💡 *This may answer it:* "+question), nil, nil, slack.SectionBlockOptionBlockID("answer")),
		slack.NewSectionBlock(verbatim(a.Answer, maxAnswer), nil, nil, slack.SectionBlockOptionBlockID("answer_text")),
		slack.NewContextBlock("answer_facts", mrkdwn(facts)),
	}
	text = "This may answer it: " + question
	switch {
	case a.Pressed != "":
		return text, append(blocks, slack.NewContextBlock("answer_rated", mrkdwn(rated[a.Pressed])))
	case a.Withdrawn:
		return text, append(blocks, slack.NewContextBlock("answer_rated", mrkdwn("The request was withdrawn")))
	}
	button := func(action helpdesk.Action, name string) slack.BlockElement {
		return slack.NewButtonBlockElement(string(action), "", emoji(name))
	}
	return text, append(blocks, slack.NewActionBlock(BlockID(a.Request), button(helpdesk.Helpful, "Helpful"),
		button(helpdesk.NotRelevant, "Not relevant"), button(helpdesk.CloseResolved, "Close as resolved")))
}

// verbatim is text of a person in its lines, cut to so many UTF-16 units, in which Slack looks for nothing: a command that is copied
// from it is what was written.
func verbatim(s string, most int) *slack.TextBlockObject {
	var lines []string
	for line := range strings.Lines(s) {
		lines = append(lines, oneLine(line))
	}
	text, units := strings.TrimSpace(strings.Join(lines, "\n")), 0
	for i, r := range text {
		if units += utf16.RuneLen(r); units > most {
			text = text[:i] + "…"
			break
		}
	}
	return slack.NewTextBlockObject(slack.PlainTextType, text, false, false)
}
