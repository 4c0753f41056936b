package activities

import (
	"context"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/provider"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/similar"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// modelTime is how long the first receipt waits for the model (behaviour 2).
const modelTime = 3 * time.Second

// backgroundModelTime is how long a later attempt waits; nobody is waiting for it.
const backgroundModelTime = 20 * time.Second

// TriageInput says which request to triage, and as which version of it.
type TriageInput struct {
	names.RequestInput
	Version int64 `json:"version"`
	// Lexical keeps the model out: the first attempt ran out of time.
	Lexical bool `json:"lexical,omitempty"`
	// OrLexical, of a later triage: without a usable answer of the model the embedded classifier decides.
	OrLexical bool `json:"or_lexical,omitempty"`
}

// news reports whether nobody has read this text before.
func (in TriageInput) news() bool { return in.Version > 0 || in.OrLexical }

// TriageResult is what history may know of a triage. The summary is sealed in the row.
type TriageResult struct {
	Number    int64              `json:"number"`
	OpenedAt  time.Time          `json:"opened_at"`
	ScrubAt   time.Time          `json:"scrub_at,omitzero"`
	Label     string             `json:"label"`
	Priority  helpdesk.Priority  `json:"priority"`
	By        helpdesk.Provider  `json:"by"`
	Deadlines helpdesk.Deadlines `json:"deadlines"`
	// WithoutAI: a model should have answered, and did not in time or not usably; Why says what kept it.
	WithoutAI bool             `json:"without_ai,omitempty"`
	Why       helpdesk.NoModel `json:"why,omitempty"`
	// With says which model it was, where, and in whose project.
	With string `json:"with,omitempty"`
	// TellPaused: the customer's project refuses its own model, and the admins have not been told.
	TellPaused bool `json:"tell_paused,omitempty"`
	// Checks are why an agent should look at it.
	Checks []helpdesk.Check `json:"checks,omitempty"`
	// Secrets are the kinds of secret that the text holds.
	Secrets []helpdesk.SecretKind `json:"secrets,omitempty"`
	// Similar are open requests that came about when this one did. Incident is how many of them, and this one, look like one
	// incident; 0: none.
	Similar  []Likeness `json:"similar,omitempty"`
	Incident int        `json:"incident,omitempty"`
	// Match is the entry of the knowledge base that is to be offered; zero where none is.
	helpdesk.Match
	// Assignee is the Slack user id of who gets a new request; "" for nobody.
	Assignee string `json:"assignee,omitempty"`
}

// Triage reads a request's text and gives it label, priority, summary and deadlines: the model's where it answers
// usably within three seconds, the embedded classifier's otherwise.
func (a *Activities) Triage(ctx context.Context, in TriageInput) (TriageResult, error) {
	m, err := a.material(ctx, in)
	if err != nil {
		return TriageResult{}, failure(err)
	}
	m.similar, m.incident = a.compare(ctx, in.RequestInput, m)
	match := a.match(ctx, m, in.RequestInput)
	o, absent := a.ask(ctx, m, in, modelTime)
	if absent != nil {
		o = a.lexically(ctx, in.Workspace, m)
	}
	var d helpdesk.Deadlines
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if err := holdRaise(ctx, tx, m.request, &o); err != nil {
			return err
		}
		if err := route(ctx, tx, m, &o); err != nil {
			return err
		}
		var err error
		if d, err = deadlines(m.settings, o.Priority, m.request.OpenedAt, nil); err != nil {
			return err
		}
		newer, err := tx.Project(ctx, in.Request, helpdesk.Progress{
			Version: in.Version, Status: helpdesk.New, Label: o.Label, Priority: o.Priority, TriagedBy: o.By, Checks: o.checks,
			TriagedWith: o.with, Deadlines: d, Assignee: o.assignee, Kin: helpdesk.Kin{Similar: peers(m.similar), Incident: m.incident},
		})
		if err != nil || !newer {
			return err // a later attempt was faster
		}
		return tx.SaveSummary(ctx, in.Request, o.Summary, m.summaryKey)
	})
	a.Fail.Pass(failpoint.Triaged)
	r := result(m, o, d, absent)
	r.Match = match
	return r, failure(err)
}

// TriageAgain reads a request once more: after the first attempt failed, or after its text was replaced. It stores the
// better summary; label and priority are the workflow's to take, and the deadlines its to plan. Without a usable answer of the model it fails and is
// retried, unless the embedded classifier may decide.
func (a *Activities) TriageAgain(ctx context.Context, in TriageInput) (TriageResult, error) {
	m, err := a.material(ctx, in)
	if err != nil {
		return TriageResult{}, failure(err)
	}
	if in.news() {
		m.similar, m.incident = a.compare(ctx, in.RequestInput, m)
	}
	o, absent := a.ask(ctx, m, in, backgroundModelTime)
	switch {
	case absent != nil && (in.OrLexical || absent.Why == ""):
		o = a.lexically(ctx, in.Workspace, m)
	case absent != nil:
		return TriageResult{}, failure(absent)
	}
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if err := holdRaise(ctx, tx, m.request, &o); err != nil {
			return err
		}
		return tx.SaveSummary(ctx, in.Request, o.Summary, m.summaryKey)
	})
	return result(m, o, helpdesk.Deadlines{}, absent), failure(err)
}

// material is what a triage reads.
type material struct {
	settings   helpdesk.Settings
	labels     []helpdesk.Label
	request    helpdesk.Request
	text       string
	summaryKey seal.Key
	secrets    []helpdesk.SecretKind
	wish       provider.Wish
	spent      int64 // tokens of our project, today
	sketch     similar.Sketch
	similar    []Likeness
	incident   int
}

func (a *Activities) material(ctx context.Context, in TriageInput) (m material, err error) {
	keys, err := a.Keys.RequestKeys(ctx, in.Workspace, in.Request)
	if err != nil {
		return m, err
	}
	if !keys.HasText || !keys.HasSummary {
		return m, fmt.Errorf("triage request %s: %w", in.Request, helpdesk.ErrErased)
	}
	m.summaryKey = keys.Summary
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if err := tx.Processing(ctx); err != nil {
			return err
		}
		w, err := tx.Workspace(ctx)
		if err != nil {
			return err
		}
		m.settings, m.labels = w.Settings, helpdesk.Active(w.Settings.Labels)
		if err := a.wish(ctx, tx, &m, in.Workspace); err != nil {
			return err
		}
		if m.request, err = tx.Request(ctx, in.Request); err != nil {
			return err
		}
		text, err := tx.RequestText(ctx, in.Request, keys.Text)
		if m.text = string(text); err != nil || !in.news() {
			return err
		}
		m.sketch, err = a.sketch(ctx, tx, in.Request, m.text, keys.Text)
		return err
	})
	if err != nil {
		return m, err
	}
	m.secrets = a.secrets(m.text)
	return m, nil
}

func result(m material, o opinion, d helpdesk.Deadlines, absent *provider.Failure) TriageResult {
	r := TriageResult{
		Number: m.request.Number, OpenedAt: m.request.OpenedAt, ScrubAt: m.request.ScrubAt, Label: o.Label, Priority: o.Priority, By: o.By,
		Deadlines: d, Checks: o.checks, With: o.with, Secrets: m.secrets, Assignee: o.assignee,
		Similar: m.similar, Incident: m.incident,
	}
	if absent != nil {
		r.WithoutAI, r.Why = absent.Why != "", absent.Why
		r.TellPaused = absent.Why == helpdesk.ModelPaused && m.wish.BYOM.ToldAt.IsZero()
	}
	return r
}
