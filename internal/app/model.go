package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/gemini"
	"github.com/echo-synch/echo-synch/internal/provider"
)

// ours opens the service's own model, nil where it has none. A project that caches prompts, or that may not use the model,
// keeps the worker from starting; a Google that does not answer does not: nothing is sent to it until it has been proved.
func ours(ctx context.Context, cfg config.Config, log *slog.Logger) (*provider.Ours, error) {
	if cfg.Triage != config.TriageGemini {
		return nil, nil
	}
	g := cfg.Gemini
	model, err := gemini.New(ctx, gemini.Config{Project: g.Project, Location: g.Location, Model: g.Model, BaseURL: g.BaseURL})
	if err != nil {
		return nil, err
	}
	o := provider.NewOurs(model)
	switch err := o.Prove(ctx); {
	case errors.Is(err, provider.ErrCaching), errors.Is(err, provider.ErrProject):
		return nil, err
	case err != nil:
		log.ErrorContext(ctx, "model is not proved: nothing is sent to it until it is", "model", o.String(), "err", err)
	default:
		log.InfoContext(ctx, "model is proved", "model", o.String(), "caching", string(gemini.CachingDisabled))
	}
	return o, nil
}

// modelPage is what the trust page says of the model.
func modelPage(cfg config.Config) string {
	if cfg.Triage != config.TriageGemini {
		return "Model: none. Requests are triaged by a classifier that is part of this service; no message leaves it for triage.\n"
	}
	return fmt.Sprintf("Model: %s, Gemini on Vertex AI\nLocation: %s\nProject: ours. A workspace may use its own project instead; then nothing goes to ours.\n"+
		"Caching of prompts: disabled; the service does not start where it is not.\n", cfg.Gemini.Model, cfg.Gemini.Location)
}
