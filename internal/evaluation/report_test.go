package evaluation_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"math"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/evaluation"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// Four requests, counted by hand.
func TestReport(t *testing.T) {
	t.Parallel()
	labels := []helpdesk.Label{{Key: "a", Name: "A"}, {Key: "b", Name: "B"}, {Key: "unused", Name: "Unused"}}
	set := []evaluation.Request{
		{ID: "1", Label: "a", Priority: "low", Language: "en"}, {ID: "2", Label: "a", Priority: "low", Language: "en"},
		{ID: "3", Label: "b", Priority: "high", Language: "de"}, {ID: "4", Label: "b", Priority: "high", Language: "de"},
	}
	of := func(f float64) *float64 { return &f }
	predicted := map[string]evaluation.Prediction{
		"1": {Label: "a", Priority: "low", Confidence: of(0.95), Took: time.Millisecond, Input: 100, Output: 10},
		"2": {Label: "b", Priority: "low", Confidence: of(0.25), Guess: true, Took: 2 * time.Millisecond, Input: 100, Output: 10},
		"3": {Label: "b", Priority: "high", Confidence: of(1), Took: 3 * time.Millisecond, Input: 100, Output: 10},
		"4": {None: "blocked", Took: 4 * time.Millisecond, Input: 100},
	}
	r := evaluation.NewReport("by hand", set, predicted, labels, &evaluation.Price{Input: 1, Output: 10})
	// a: precision 1/1, recall 1/2, F1 2/3; b: 1/2, 1/2, 1/2; what no request has counts for nothing
	if !near(r.Label.Accuracy, 0.5) || !near(r.Label.MacroF1, (2.0/3+0.5)/2) || len(r.Label.Values) != 2 {
		t.Errorf("labels %+v", r.Label)
	}
	if r.Label.Confusion["b"][evaluation.None] != 1 || r.Label.Confusion["a"]["b"] != 1 || r.Unanswered["blocked"] != 1 {
		t.Errorf("confusion %+v, unanswered %+v", r.Label.Confusion, r.Unanswered)
	}
	if !near(r.Priority.Accuracy, 0.75) || !near(r.Languages["en"].Accuracy, 0.5) {
		t.Errorf("priorities %+v, languages %+v", r.Priority, r.Languages)
	}
	// of three with a confidence: 0.95 and 1 in one bin, both right; 0.25, wrong
	if c := r.Calibration; !near(c.ECE, (0.05+0.25)/3) || !near(c.Guesses, 1.0/3) || !near(c.Sure, 1) || len(c.Bins) != 2 {
		t.Errorf("calibration %+v", c)
	}
	if r.Latency != (evaluation.Latency{P50: 2000, P95: 4000, P99: 4000, Max: 4000}) {
		t.Errorf("latency %+v", r.Latency)
	}
	if c := r.Cost; c.Input != 100_000 || c.Output != 7500 || !near(*c.Price, 0.175) {
		t.Errorf("cost %+v", c)
	}
	var text bytes.Buffer
	if err := r.WriteText(&text); err != nil {
		t.Fatal(err)
	}
	for _, line := range []string{
		"label               accuracy 0.500, macro-F1 0.583", "no answer, blocked  1", "p50 2ms", "100000 tokens in, 7500 out, price 0.1750",
		"LABEL IS \\ SAID  (none)  a  b", "b                1       .  1", "0.9 to 1.0  2         0.975  1.000",
	} {
		if !strings.Contains(text.String(), line) {
			t.Errorf("the report does not say %q:\n%s", line, text.String())
		}
	}
	if _, err := json.Marshal(r); err != nil {
		t.Error(err)
	}
	for id, p := range predicted {
		p.Confidence, p.Input, p.Output = nil, 0, 0
		predicted[id] = p
	}
	if r := evaluation.NewReport("by hand", set, predicted, labels, nil); r.Calibration != nil || r.Cost != nil {
		t.Errorf("made up: %+v, %+v", r.Calibration, r.Cost)
	}
}

// A run that ends early goes on where it stopped, even where its last line was cut off; no text is in the file.
func TestState(t *testing.T) {
	t.Parallel()
	const marker = "quetzalcoatlus"
	set := []evaluation.Request{{ID: "1", Text: marker}, {ID: "2", Text: marker}, {ID: "3", Text: marker}}
	path := filepath.Join(t.TempDir(), "set.partial")
	run := func(ask evaluation.Ask) (*evaluation.State, error) {
		s, err := evaluation.OpenState(path, "run")
		if err != nil {
			t.Fatal(err)
		}
		return s, evaluation.Run(t.Context(), set, s.Done, ask, s.Keep)
	}
	down := errors.New("down")
	asked := 0
	s, err := run(func(context.Context, string) (evaluation.Prediction, error) {
		if asked++; asked == 3 {
			return evaluation.Prediction{}, down
		}
		return evaluation.Prediction{Label: "a", Priority: "low"}, nil
	})
	if !errors.Is(err, down) || !strings.Contains(err.Error(), "request 3") || len(s.Done) != 2 || s.Close() != nil {
		t.Fatalf("%v, %+v", err, s.Done)
	}
	kept, err := os.ReadFile(path)
	if err != nil || bytes.Contains(kept, []byte(marker)) || bytes.Count(kept, []byte("\n")) != 3 {
		t.Fatalf("kept %s, %v", kept, err)
	}
	if err := os.WriteFile(path, kept[:len(kept)-3], 0o600); err != nil { // a death while the second was written
		t.Fatal(err)
	}
	if s, err := evaluation.OpenState(path, "another run"); !errors.Is(err, evaluation.ErrOtherRun) {
		t.Errorf("%+v, %v", s, err)
	}
	asked = 0
	s, err = run(func(context.Context, string) (evaluation.Prediction, error) {
		asked++
		return evaluation.Prediction{Label: "b", Priority: "low"}, nil
	})
	if err != nil || asked != 2 || s.Done["1"].Label != "a" || s.Done["2"].Label != "b" || s.Done["3"].Label != "b" {
		t.Errorf("asked %d times, %+v, %v", asked, s.Done, err)
	}
	if err := s.Remove(); err != nil {
		t.Error(err)
	}
	if _, err := os.Stat(path); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("still there: %v", err)
	}
	if err := os.WriteFile(path, []byte("something else\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if s, err := evaluation.OpenState(path, "run"); !errors.Is(err, evaluation.ErrOtherRun) {
		t.Errorf("a file that is none: %+v, %v", s, err)
	}
}
