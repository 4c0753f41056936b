package evaluation

import (
	"context"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Prediction is what a provider made of a request. It holds nothing of the text.
type Prediction struct {
	ID       string            `json:"id"`
	Label    string            `json:"label,omitempty"`
	Priority helpdesk.Priority `json:"priority,omitempty"`
	// Confidence in the label, from 0 to 1; nil where the provider gives none.
	Confidence *float64 `json:"confidence,omitempty"`
	// Guess: the provider would rather have a person decide.
	Guess bool `json:"guess,omitempty"`
	// None is why there is no usable answer: an answer, too.
	None string `json:"none,omitempty"`
	// Took is how long the provider needed.
	Took time.Duration `json:"ns"`
	// Input and Output are tokens, as billed.
	Input  int64 `json:"input,omitempty"`
	Output int64 `json:"output,omitempty"`
}

// Ask gives a text to a provider. What it returns has neither ID nor Took. An error means that the provider cannot be
// measured now, and ends the run.
type Ask func(ctx context.Context, text string) (Prediction, error)

// Run asks for every request of a set that has no prediction yet, one after the other, and gives each prediction to keep. It
// stops at the first error, and when ctx ends, with the error of ctx.
func Run(ctx context.Context, set []Request, done map[string]Prediction, ask Ask, keep func(Prediction) error) error {
	for _, q := range set {
		if _, ok := done[q.ID]; ok {
			continue
		}
		if err := ctx.Err(); err != nil {
			return err
		}
		started := time.Now()
		p, err := ask(ctx, q.Text)
		p.ID, p.Took = q.ID, time.Since(started)
		if ctx.Err() != nil { // an answer to that is no answer
			return ctx.Err()
		}
		if err != nil {
			return fmt.Errorf("request %s: %w", q.ID, err)
		}
		if err := keep(p); err != nil {
			return err
		}
		done[p.ID] = p
	}
	return nil
}
