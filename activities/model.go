package activities

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/observe"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/provider"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// wish reads what the workspace has chosen, and what it has used.
func (a *Activities) wish(ctx context.Context, tx *postgres.Tx, m *material, id helpdesk.WorkspaceID) (err error) {
	m.wish = provider.Wish{Workspace: id, Provider: m.settings.Provider, Key: func(ctx context.Context) (secret.Value, error) { return a.credential(ctx, id) }}
	switch m.settings.Provider {
	case helpdesk.ProviderBYOM:
		m.wish.BYOM, err = tx.BYOM(ctx)
	case helpdesk.ProviderDefault:
		m.spent, err = tx.Spent(ctx, a.Now())
	}
	return err
}

// credential is the customer's key for its own model.
func (a *Activities) credential(ctx context.Context, id helpdesk.WorkspaceID) (secret.Value, error) {
	key, err := a.Keys.WorkspaceKey(ctx, id)
	if err != nil {
		return secret.Value{}, err
	}
	var wrapped []byte
	if err := a.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
		wrapped, err = tx.Credential(ctx, key)
		return err
	}); err != nil {
		return secret.Value{}, err
	}
	plain, err := a.Wrapper.Unwrap(ctx, postgres.CredentialContext(id), wrapped)
	if err != nil {
		return secret.Value{}, fmt.Errorf("decrypt credential of workspace %s: %w", id, err)
	}
	return secret.New(string(plain)), nil
}

// ask is the model's opinion, or why there is none; a reason of "" says that none is wanted.
func (a *Activities) ask(ctx context.Context, m material, in TriageInput, limit time.Duration) (opinion, *provider.Failure) {
	route, err := a.Models.Route(ctx, m.wish)
	if err != nil {
		a.Log.ErrorContext(ctx, "no way to the workspace's own model", "workspace_id", in.Workspace, "request_id", in.Request, "err", err)
		return opinion{}, &provider.Failure{Why: helpdesk.ModelUnavailable}
	}
	switch {
	case route.None():
		return opinion{}, &provider.Failure{}
	case in.Lexical: // the first attempt ran out of time
		return opinion{}, &provider.Failure{Why: helpdesk.ModelLate}
	case !route.Own() && m.spent >= budget(m.settings):
		return opinion{}, &provider.Failure{Why: helpdesk.ModelBudget}
	case !a.calls.begin(in.Workspace):
		return opinion{}, &provider.Failure{Why: helpdesk.ModelBusy}
	}
	defer a.calls.end(in.Workspace)
	return a.call(ctx, m, in, route, limit)
}

func (a *Activities) call(ctx context.Context, m material, in TriageInput, route provider.Route, limit time.Duration) (opinion, *provider.Failure) {
	asking, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	started := a.Now()
	t, tokens, err := route.Triage(asking, m.text, m.labels, hidden(m.settings)...)
	a.count(route, tokens, err)
	if tokens != (helpdesk.Tokens{}) {
		if err := a.spend(ctx, in.RequestInput, route, tokens); err != nil {
			a.Log.ErrorContext(ctx, "tokens not counted", "workspace_id", in.Workspace, "request_id", in.Request, "err", err)
		}
	}
	var absent *provider.Failure
	if errors.As(err, &absent) {
		a.Log.WarnContext(ctx, "model gave no usable answer", "workspace_id", in.Workspace, "request_id", in.Request,
			"after", a.Now().Sub(started), "why", string(absent.Why))
		if absent.Why == helpdesk.ModelPaused && m.wish.BYOM.PausedAt.IsZero() {
			a.pause(ctx, m, in.RequestInput)
		}
		return opinion{}, absent
	}
	t.By = helpdesk.ByModel
	return opinion{Triage: t, checks: m.suspicions(), with: route.String()}, nil
}

func (a *Activities) count(route provider.Route, tokens helpdesk.Tokens, err error) {
	project, prices, outcome := "ours", a.Prices, "answered"
	if route.Own() {
		project, prices = "customer", observe.Prices{}
	}
	var absent *provider.Failure
	if errors.As(err, &absent) {
		outcome = string(absent.Why)
	}
	a.Metrics.Model(project, outcome, tokens.Input, tokens.Output, prices)
}

// describe says which model reads a workspace's messages, for people.
func (a *Activities) describe(ctx context.Context, tx *postgres.Tx, s helpdesk.Settings) (string, error) {
	switch {
	case s.Provider == helpdesk.ProviderBYOM:
		b, err := tx.BYOM(ctx)
		return fmt.Sprintf("Gemini (%s) on Vertex AI, location %s, in your own Google Cloud project", b.Model, b.Location), err
	case s.Provider == helpdesk.ProviderLexical || a.Models.Ours == nil:
		return "none: an embedded classifier, nothing leaves this service", nil
	}
	return "Gemini on Vertex AI: " + a.Models.Ours.String() + ", in our Google Cloud project", nil
}

// spend counts the tokens of a call, and notes in the audit log where another model than before has read a message.
func (a *Activities) spend(ctx context.Context, in names.RequestInput, route provider.Route, tokens helpdesk.Tokens) error {
	return a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		now := a.Now()
		if err := tx.Spend(ctx, now, route.Own(), tokens); err != nil {
			return err
		}
		before, changed, err := tx.NoteModel(ctx, route.String())
		if err != nil || !changed {
			return err
		}
		return tx.Audit(ctx, helpdesk.AuditEntry{At: now, Actor: "system", Action: helpdesk.AuditModel, Before: before, After: route.String()})
	})
}

// pause keeps the workspace's messages from a project that refuses them, until somebody has verified it.
func (a *Activities) pause(ctx context.Context, m material, in names.RequestInput) {
	err := a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error { return tx.PauseBYOM(ctx, m.wish.BYOM.Version, a.Now()) })
	if err != nil { // the next message finds out again
		a.Log.ErrorContext(ctx, "pause of the workspace's own model not recorded", "workspace_id", in.Workspace, "err", err)
	}
}

// budget is how many tokens a day the workspace may use of our project.
func budget(s helpdesk.Settings) int64 {
	if s.Tokens > 0 {
		return s.Tokens
	}
	return helpdesk.DefaultTokens
}

// calls counts, in this process, the calls of a model that are under way for each workspace. The zero value counts none.
type calls struct {
	mu  sync.Mutex
	now map[helpdesk.WorkspaceID]int
}

// begin takes a place; false where a workspace has all it may have.
func (c *calls) begin(id helpdesk.WorkspaceID) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now[id] >= helpdesk.MaxModelCalls {
		return false
	}
	if c.now == nil {
		c.now = make(map[helpdesk.WorkspaceID]int)
	}
	c.now[id]++
	return true
}

func (c *calls) end(id helpdesk.WorkspaceID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.now[id]--; c.now[id] == 0 {
		delete(c.now, id)
	}
}
