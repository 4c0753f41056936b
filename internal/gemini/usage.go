package gemini

import (
	"context"
	"time"

	"google.golang.org/genai"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/redact"
)

// Measure is [Provider.Triage] with the tokens it is billed for, thoughts among the output; a call that was answered has even where the answer was not usable.
func (p *Provider) Measure(ctx context.Context, text string, labels []helpdesk.Label, also ...redact.Kind) (helpdesk.Triage, helpdesk.Tokens, error) {
	hidden := p.rules.Start(also...)
	var wait time.Duration
	response, err := p.generate(context.WithValue(ctx, waitKey{}, &wait), hide(text, hidden), labels)
	if err != nil {
		return helpdesk.Triage{}, helpdesk.Tokens{}, refusal(ctx, err, wait)
	}
	t, err := read(response, labels, hidden)
	return t, usage(response.UsageMetadata), err
}

func usage(m *genai.GenerateContentResponseUsageMetadata) helpdesk.Tokens {
	if m == nil {
		return helpdesk.Tokens{}
	}
	return helpdesk.Tokens{Input: int64(m.PromptTokenCount), Output: int64(m.CandidatesTokenCount) + int64(m.ThoughtsTokenCount)}
}
