package blockkit

import "github.com/slack-go/slack"

// ModelPaused tells an admin that the workspace's own model refuses.
type ModelPaused struct{ Project, Location, Model string }

// Render gives the text for notifications and screen readers, and the blocks.
func (p ModelPaused) Render() (text string, blocks []slack.Block) {
	text = "Your Google Cloud project " + plain(p.Project, maxLabel) + " refuses " + plain(p.Model, maxModel) + " in " + plain(p.Location, maxLabel) +
		". Requests are triaged without AI until somebody has verified the model again; nothing is sent to our project or to anybody else. " +
		"Usually the role roles/aiplatform.user was taken away, a key was deleted, or the model is not offered in this location."
	return text, []slack.Block{slack.NewSectionBlock(mrkdwn("⏸️ "+text), nil, nil)}
}
