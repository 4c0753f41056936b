package blockkit_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/slack-go/slack"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func answer(changes ...func(*blockkit.Answer)) rendered {
	a := blockkit.Answer{
		Request: request, Confidence: 87,
		Content: helpdesk.Content{
			Question: "How do I connect to the VPN from home?", Answer: "Open *GlobalConnect*.\n\nChoose vpn.example.com & sign in.", Link: "https://help.example.com/vpn?a=1&b=2",
		},
	}
	for _, change := range changes {
		change(&a)
	}
	return show(a.Render())
}

// What an entry says mentions nobody, links nowhere and styles nothing; the longest one fits, however it is written.
func TestAnswersAreEscaped(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"<!channel> <@U0DANA> <https://evil.example.com|here> *bold* `code`", strings.Repeat("<&", 1000), strings.Repeat("😀", 2000), strings.Repeat("a\n", 1000)} {
		a := answer(func(a *blockkit.Answer) { a.Answer, a.Question = text, text[:min(len(text), 100)] })
		if err := blockkit.Check(a.Blocks); err != nil {
			t.Errorf("%.20q: %v", text, err)
		}
		raw, err := json.Marshal(a.Blocks[0])
		if err != nil {
			t.Fatal(err)
		}
		if raw := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(raw)); strings.Contains(raw, "<!") || strings.Contains(raw, "<@") || strings.Contains(raw, "<https") || strings.Contains(raw, "*bold*") || strings.Contains(raw, "`") {
			t.Errorf("%.20q is shown as %s", text, raw)
		}
		if body := bodyOf(t, a); body.Type != slack.PlainTextType {
			t.Errorf("the answer is %s", body.Type)
		}
	}
}

// A command can be copied from an answer and run.
func TestAnswersAreVerbatim(t *testing.T) {
	t.Parallel()
	const command = "Run this:\n\nssh -i ~/.ssh/id_rsa *@host_1 | grep `a` && echo <b>"
	if got := bodyOf(t, answer(func(a *blockkit.Answer) { a.Answer = "\n" + command + "\u202e\n" })).Text; got != command {
		t.Errorf("shown as %q", got)
	}
}

func bodyOf(t *testing.T, a rendered) *slack.TextBlockObject {
	t.Helper()
	section, ok := a.Blocks[1].(*slack.SectionBlock)
	if !ok {
		t.Fatalf("the answer is in a %T", a.Blocks[1])
	}
	return section.Text
}
