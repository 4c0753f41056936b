// Package provider leads from a workspace to the model that may read its messages. A route is made in one place, from what the
// workspace has chosen: on the way to a customer's own project there is no way to ours, whatever fails.
package provider

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/echo-synch/echo-synch/internal/gemini"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/redact"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// Failure is why a model gave no triage, and how long it asks us to wait.
type Failure struct {
	Why   helpdesk.NoModel
	After time.Duration
}

func (f *Failure) Error() string { return "no triage by a model: " + string(f.Why) }

// whys gives each error of a model its reason.
var whys = map[error]helpdesk.NoModel{
	gemini.ErrTimeout: helpdesk.ModelLate, gemini.ErrUnavailable: helpdesk.ModelUnavailable, gemini.ErrQuota: helpdesk.ModelQuota,
	gemini.ErrRefused: helpdesk.ModelRefused, gemini.ErrBlocked: helpdesk.ModelBlocked, gemini.ErrMalformed: helpdesk.ModelMalformed,
}

func why(err error) helpdesk.NoModel {
	for kind, w := range whys {
		if errors.Is(err, kind) {
			return w
		}
	}
	return helpdesk.ModelUnavailable
}

// Route is the one way of a workspace to a model. Only [Router.Route] makes one.
type Route struct {
	model *gemini.Provider
	own   bool
	shut  helpdesk.NoModel // why nobody is asked, though somebody should be
}

// None reports whether no model is wanted: the embedded classifier decides alone.
func (r Route) None() bool { return r.model == nil && r.shut == "" }

// Own reports whether the way leads to the customer's own project.
func (r Route) Own() bool { return r.own }

// String says which model it is, where, and in whose project.
func (r Route) String() string {
	switch {
	case r.model == nil:
		return ""
	case r.own:
		return r.model.String() + ", your project"
	}
	return r.model.String() + ", our project"
}

// Triage asks the model. Every error is a [*Failure]; tokens are those that were billed, with or without a triage.
func (r Route) Triage(ctx context.Context, text string, labels []helpdesk.Label, also ...redact.Kind) (helpdesk.Triage, helpdesk.Tokens, error) {
	if r.shut != "" || r.model == nil {
		return helpdesk.Triage{}, helpdesk.Tokens{}, &Failure{Why: r.shut}
	}
	t, tokens, err := r.model.Measure(ctx, text, labels, also...)
	if err == nil && t.Validate(labels) != nil { // whatever the provider has validated
		err = gemini.ErrMalformed
	}
	if err == nil {
		return t, tokens, nil
	}
	f := &Failure{Why: why(err), After: gemini.RetryAfter(err)}
	if r.own && f.Why == helpdesk.ModelRefused {
		f.Why = helpdesk.ModelPaused
	}
	return helpdesk.Triage{}, tokens, f
}

// Wish is what a workspace has chosen.
type Wish struct {
	Workspace helpdesk.WorkspaceID
	Provider  helpdesk.ModelProvider
	BYOM      helpdesk.BYOM // of [helpdesk.ProviderBYOM]
	// Key reads the customer's key, where the project has not granted us; asked once for each version.
	Key func(context.Context) (secret.Value, error)
}

// Router makes routes. It may be shared.
type Router struct {
	// Ours is the service's own model; nil where it has none.
	Ours *Ours
	// Simulator replaces Google's addresses; dev only.
	Simulator string

	mu   sync.Mutex
	open map[door]*gemini.Provider
}

// door is one version of one workspace's own model.
type door struct {
	workspace helpdesk.WorkspaceID
	version   int64
}

// maxOpen bounds how many customers' models are kept ready.
const maxOpen = 64

// Route is the way that a workspace has chosen. An error says that the choice could not be read; nobody is asked then.
func (r *Router) Route(ctx context.Context, w Wish) (Route, error) {
	switch w.Provider {
	case helpdesk.ProviderLexical:
		return Route{}, nil
	case helpdesk.ProviderBYOM:
		return r.own(ctx, w)
	}
	return r.ours(), nil
}

func (r *Router) ours() Route {
	if r.Ours == nil {
		return Route{}
	}
	return Route{model: r.Ours.model, shut: r.Ours.shut()}
}

func (r *Router) own(ctx context.Context, w Wish) (Route, error) {
	if !w.BYOM.PausedAt.IsZero() {
		return Route{own: true, shut: helpdesk.ModelPaused}, nil
	}
	at := door{w.Workspace, w.BYOM.Version}
	r.mu.Lock()
	model := r.open[at]
	r.mu.Unlock()
	if model == nil {
		var err error
		if model, err = Own(ctx, w, r.Simulator); err != nil {
			return Route{}, err
		}
		r.keep(at, model)
	}
	return Route{model: model, own: true}, nil
}

// keep keeps a model ready. Where there are too many all are let go: the next messages open theirs again.
func (r *Router) keep(at door, model *gemini.Provider) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if len(r.open) >= maxOpen {
		for _, m := range r.open {
			m.Close()
		}
		r.open = nil
	}
	if r.open == nil {
		r.open = make(map[door]*gemini.Provider)
	}
	r.open[at] = model
}

// Own opens a customer's own model, in the customer's project.
func Own(ctx context.Context, w Wish, simulator string) (*gemini.Provider, error) {
	cfg := gemini.Config{Project: w.BYOM.Project, Location: w.BYOM.Location, Model: w.BYOM.Model, BaseURL: simulator}
	if !w.BYOM.Granted {
		var err error
		if cfg.Key, err = w.Key(ctx); err != nil {
			return nil, err
		}
	}
	return gemini.New(ctx, cfg)
}
