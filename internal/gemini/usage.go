package gemini

import (
	"context"
	"time"

	"google.golang.org/genai"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/redact"
)

// Usage is what one call is billed for, in tokens. Output holds what the model thought, too.
type Usage struct{ Input, Output int64 }

// Measure is [Provider.Triage] with its usage, which a call that was answered has even where the answer was not usable.
func (p *Provider) Measure(ctx context.Context, text string, labels []helpdesk.Label, also ...redact.Kind) (helpdesk.Triage, Usage, error) {
	hidden := p.rules.Start(also...)
	var wait time.Duration
	response, err := p.generate(context.WithValue(ctx, waitKey{}, &wait), hide(text, hidden), labels)
	if err != nil {
		return helpdesk.Triage{}, Usage{}, refusal(ctx, err, wait)
	}
	t, err := read(response, labels, hidden)
	return t, usage(response.UsageMetadata), err
}

func usage(m *genai.GenerateContentResponseUsageMetadata) Usage {
	if m == nil {
		return Usage{}
	}
	return Usage{Input: int64(m.PromptTokenCount), Output: int64(m.CandidatesTokenCount) + int64(m.ThoughtsTokenCount)}
}
