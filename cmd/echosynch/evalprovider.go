package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/evaluation"
	"github.com/echo-synch/echo-synch/internal/gemini"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/lexical"
)

// evalProvider readies a provider for a taxonomy and says what it is, in words that differ where its answers may.
type evalProvider func(ctx context.Context, s *surroundings, team string, labels []helpdesk.Label) (ask evaluation.Ask, name string, err error)

func evalProviders() map[string]evalProvider {
	return map[string]evalProvider{"lexical": evalLexical, "gemini": evalGemini, "byom": evalBYOM}
}

func evalLexical(_ context.Context, _ *surroundings, _ string, labels []helpdesk.Label) (evaluation.Ask, string, error) {
	c := lexical.New(labels)
	return func(_ context.Context, text string) (evaluation.Prediction, error) {
		r := c.Classify(text)
		return evaluation.Prediction{Label: r.Label, Priority: r.Priority, Confidence: &r.Confidence, Guess: r.NeedsHuman()}, nil
	}, "lexical", nil
}

// evalTime is how long a model may take for one request; nobody is waiting for it.
const evalTime = 20 * time.Second

// noAnswer are the errors of a model that are an answer to the message, by what they are counted as. The others say that it
// cannot be measured now.
var noAnswer = map[error]string{gemini.ErrBlocked: "blocked", gemini.ErrMalformed: "malformed", gemini.ErrTimeout: "too late"}

func evalGemini(ctx context.Context, s *surroundings, _ string, labels []helpdesk.Label) (evaluation.Ask, string, error) {
	cfg, err := s.load(config.Evaluation)
	if err != nil {
		return nil, "", err
	}
	g := cfg.Gemini
	p, err := gemini.New(ctx, gemini.Config{Project: g.Project, Location: g.Location, Model: g.Model, BaseURL: g.BaseURL})
	if err != nil {
		return nil, "", err
	}
	return asking(p, labels), fmt.Sprintf("gemini, model %s", p), nil
}

// evalBYOM asks the workspace's own model.
func evalBYOM(ctx context.Context, s *surroundings, team string, labels []helpdesk.Label) (evaluation.Ask, string, error) {
	if err := check("team", team, teamID, "T"); err != nil {
		return nil, "", err
	}
	cfg, err := s.load(config.Operator)
	if err != nil {
		return nil, "", err
	}
	b, err := app.OpenKeyholder(ctx, cfg, team, account())
	if errors.Is(err, helpdesk.ErrNotInstalled) {
		return nil, "", fmt.Errorf("team %s has no installed workspace", team)
	}
	if err != nil {
		return nil, "", err
	}
	defer b.Close()
	p, err := b.OpenModel(ctx)
	if errors.Is(err, helpdesk.ErrNotFound) {
		return nil, "", fmt.Errorf("team %s has no model of its own; set one with: echosynch byom set %s", team, team)
	}
	if err != nil {
		return nil, "", err
	}
	return asking(p, labels), fmt.Sprintf("byom of %s, model %s", team, p), nil
}

func asking(p *gemini.Provider, labels []helpdesk.Label) evaluation.Ask {
	return func(ctx context.Context, text string) (evaluation.Prediction, error) {
		ctx, cancel := context.WithTimeout(ctx, evalTime)
		defer cancel()
		t, u, err := p.Measure(ctx, text, labels)
		answer := evaluation.Prediction{Label: t.Label, Priority: t.Priority, Input: u.Input, Output: u.Output}
		for kind, name := range noAnswer {
			if errors.Is(err, kind) {
				answer.None, err = name, nil
			}
		}
		return answer, err
	}
}
