package lexical_test

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/evaluation"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/lexical"
)

// The half of the shipped set on which nothing was tuned, in five languages. The floors are what we promise, not what we have.
func TestAccuracyOnTheHeldOutHalf(t *testing.T) {
	t.Parallel()
	set, err := evaluation.Shipped()
	if err != nil {
		t.Fatal(err)
	}
	set = evaluation.Half(set, evaluation.HeldOut)
	labels := helpdesk.StarterTaxonomy()
	c := lexical.New(labels)
	predicted := make(map[string]evaluation.Prediction)
	ask := func(_ context.Context, text string) (evaluation.Prediction, error) {
		r := c.Classify(text)
		return evaluation.Prediction{Label: r.Label, Priority: r.Priority, Confidence: &r.Confidence, Guess: r.NeedsHuman()}, nil
	}
	if err := evaluation.Run(t.Context(), set, predicted, ask, func(evaluation.Prediction) error { return nil }); err != nil {
		t.Fatal(err)
	}
	r := evaluation.NewReport("lexical", set, predicted, labels, nil)
	t.Logf("labels of %d requests: macro-F1 %.3f, accuracy %.3f; priorities: macro-F1 %.3f; ECE %.3f; needs a human %.3f, accuracy of the rest %.3f",
		len(set), r.Label.MacroF1, r.Label.Accuracy, r.Priority.MacroF1, r.Calibration.ECE, r.Calibration.Guesses, r.Calibration.Sure)
	if r.Label.MacroF1 < 0.70 || r.Priority.MacroF1 < 0.60 {
		t.Errorf("macro-F1 of labels %.3f, of priorities %.3f", r.Label.MacroF1, r.Priority.MacroF1)
	}
	for name, l := range r.Languages {
		t.Logf("%s: macro-F1 %.3f of %d requests", name, l.MacroF1, l.Requests)
		if l.MacroF1 < 0.60 {
			t.Errorf("macro-F1 of labels in %s is %.3f", name, l.MacroF1)
		}
	}
	if c := r.Calibration; c.ECE > 0.15 || c.Sure < r.Label.Accuracy {
		t.Errorf("the confidence says little: %+v", c)
	}
}

// BenchmarkTriage2kB reports the 99th percentile over messages of 2 kB, made of the shipped set's requests in one language.
func BenchmarkTriage2kB(b *testing.B) {
	set, err := evaluation.Shipped()
	if err != nil {
		b.Fatal(err)
	}
	byLanguage := make(map[string]string)
	var texts []string
	for _, q := range set {
		text := byLanguage[q.Language] + q.Text + "\n"
		if len(text) >= 2048 {
			texts, text = append(texts, text[:2048]), ""
		}
		byLanguage[q.Language] = text
	}
	c := lexical.New(helpdesk.StarterTaxonomy())
	took := make([]time.Duration, 0, 10_000)
	for n := 0; b.Loop(); n++ {
		started := time.Now()
		c.Triage(texts[n%len(texts)])
		took = append(took, time.Since(started))
	}
	slices.Sort(took)
	b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1000, "p50-µs")
	b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1000, "p99-µs")
}
