package blockkit_test

import (
	"encoding/json"
	"strings"
	"testing"

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
		for _, b := range a.Blocks[:2] {
			raw, err := json.Marshal(b)
			if err != nil {
				t.Fatal(err)
			}
			if raw := strings.NewReplacer(`\u003c`, "<", `\u003e`, ">").Replace(string(raw)); strings.Contains(raw, "<!") || strings.Contains(raw, "<@") || strings.Contains(raw, "<https") || strings.Contains(raw, "*bold*") || strings.Contains(raw, "`") {
				t.Errorf("%.20q is shown as %s", text, raw)
			}
		}
	}
}
