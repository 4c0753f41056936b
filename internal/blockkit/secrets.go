package blockkit

import (
	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Secrets tells the requester which kinds of secret their message seems to hold, and never what. We cannot edit their message:
// it stands there until they do.
func Secrets(kinds []helpdesk.SecretKind) (text string, blocks []slack.Block) {
	text = "Your message seems to contain " + helpdesk.SecretsSentence(kinds) + ". We kept it away from the AI and out of the summary, but everybody in " +
		"this channel can read it: edit or delete your message, and change or revoke what was in it."
	return text, []slack.Block{slack.NewSectionBlock(mrkdwn("🔒 "+text), nil, nil)}
}
