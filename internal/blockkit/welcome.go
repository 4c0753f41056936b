package blockkit

import (
	"strings"

	"github.com/slack-go/slack"
)

// Welcome is what the person who installed the app reads first.
type Welcome struct {
	Restored    bool     // within the grace of an uninstall: everything is as it was
	Channels    []string // Slack ids of channels the app was in, and must be invited to again
	Certificate string   // the address at which the proof of the last erasure will stand
}

// maxChannels is how many channels are named; a text of Slack's is limited.
const maxChannels = 50

// Render gives the text for notifications and screen readers, and the blocks.
func (w Welcome) Render() (text string, blocks []slack.Block) {
	text = "Echo-Synch is installed."
	points := []string{
		"*To begin:* invite it to the channels where people ask for help: type `/invite @Echo-Synch` there. It reads only what is written from then on.",
	}
	if w.Restored {
		text = "Echo-Synch is restored: requests, clocks, people and settings are as they were."
		points = []string{"*Invite it again:* Slack has removed it from every channel. " + channelList(w.Channels)}
	}
	points = append(points,
		"*If you uninstall it:* it stops at once, and within one hour everything of this workspace is destroyed. The signed proof will stand at "+
			"<"+Escape(w.Certificate)+"> and nowhere else, so keep this message.")
	return text, []slack.Block{
		slack.NewSectionBlock(mrkdwn(text), nil, nil, slack.SectionBlockOptionBlockID("welcome")),
		slack.NewSectionBlock(mrkdwn("• "+strings.Join(points, "\n• ")), nil, nil, slack.SectionBlockOptionBlockID("welcome_points")),
	}
}

func channelList(ids []string) string {
	if len(ids) == 0 {
		return "It was in none."
	}
	var more string
	if len(ids) > maxChannels {
		ids, more = ids[:maxChannels], " and others"
	}
	named := make([]string, len(ids))
	for i, id := range ids {
		named[i] = "<#" + id + ">"
	}
	return "It was in " + strings.Join(named, ", ") + more + "."
}
