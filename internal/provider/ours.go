package provider

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/echo-synch/echo-synch/internal/gemini"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// What keeps the service from starting.
var (
	// ErrCaching: Google would keep prompts of our project in memory for up to a day.
	ErrCaching = errors.New("the project caches prompts")
	// ErrProject: our project may not use the model, or the model is not there.
	ErrProject = errors.New("the project may not use the model")
)

// Ours is the service's own model. No message is sent to it before it has answered one that nobody wrote, and before its
// project has been seen not to cache.
type Ours struct {
	model *gemini.Provider

	mu     sync.Mutex
	proved bool
}

// NewOurs takes a model that is not proved yet.
func NewOurs(model *gemini.Provider) *Ours { return &Ours{model: model} }

// String says which model it is and where.
func (o *Ours) String() string { return o.model.String() }

func (o *Ours) shut() helpdesk.NoModel {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.proved {
		return ""
	}
	return helpdesk.ModelUnavailable
}

// proofTime bounds one proof.
const proofTime = 15 * time.Second

// Prove asks the model and reads its project's cache configuration. [ErrCaching] and [ErrProject] say what to do; any other
// error is one that time may heal.
func (o *Ours) Prove(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, proofTime)
	defer cancel()
	v, err := o.model.Verify(ctx)
	switch {
	case errors.Is(err, gemini.ErrRefused):
		err = fmt.Errorf("%w: %s in project %s: grant our service account roles/aiplatform.user there, and check the names", ErrProject, o.model, v.Project)
	case err == nil && v.Caching == gemini.CachingUnknown:
		err = fmt.Errorf("%w, or does not let us see that it does not: grant our service account aiplatform.cacheConfigs.get on project %s", ErrCaching, v.Project)
	case err == nil && v.Caching != gemini.CachingDisabled:
		err = fmt.Errorf(`%w: PATCH %s {"name":"projects/%s/cacheConfig","disableCache":true}`, ErrCaching, o.model.CacheURL(), v.Project)
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	o.proved = err == nil || o.proved && !errors.Is(err, ErrCaching) && !errors.Is(err, ErrProject) // that it is down disproves nothing
	return err
}

// How often a model that is proved is proved again, and one that is not.
const (
	proveAgain = time.Hour
	proveSoon  = 30 * time.Second
)

// Keep proves the model again and again until ctx ends; while it is not proved, nothing is sent to it.
func (o *Ours) Keep(ctx context.Context, log *slog.Logger) {
	for {
		pause := proveAgain
		if o.shut() != "" {
			pause = proveSoon
		}
		select {
		case <-ctx.Done():
			return
		case <-time.After(pause):
		}
		before := o.shut()
		err := o.Prove(ctx)
		switch {
		case ctx.Err() != nil:
			return
		case err != nil:
			log.ErrorContext(ctx, "model is not proved: nothing is sent to it", "model", o.String(), "err", err)
		case before != "":
			log.InfoContext(ctx, "model is proved", "model", o.String())
		}
	}
}
