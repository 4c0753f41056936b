package blockkit

import (
	"fmt"
	"strings"

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

// maxAnswer is how long an answer is shown, escaped; Slack allows 3000 characters in a text.
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
		slack.NewSectionBlock(mrkdwn(paragraphs(a.Answer, maxAnswer)), nil, nil, slack.SectionBlockOptionBlockID("answer_text")),
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

// paragraphs is text of a person in its lines, each made plain, of at most so many characters.
func paragraphs(s string, most int) string {
	var b strings.Builder
	for line := range strings.Lines(s) {
		for _, r := range oneLine(line) {
			next := styles.Replace(Escape(string(r)))
			if size(b.String())+size(next) >= most {
				return b.String() + "…"
			}
			b.WriteString(next)
		}
		b.WriteByte('\n')
	}
	return strings.TrimRight(b.String(), "\n")
}
