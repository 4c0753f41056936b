package activities

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// modelTime is how long the first receipt waits for the model (behaviour 2).
const modelTime = 3 * time.Second

// backgroundModelTime is how long a later attempt waits; nobody is waiting for it.
const backgroundModelTime = 20 * time.Second

// errModel: the model gave no usable answer. It says nothing about the message.
var errModel = errors.New("model gave no usable answer")

// TriageInput says which request to triage, and as which version of it.
type TriageInput struct {
	names.RequestInput
	Version int64 `json:"version"`
	// Lexical keeps the model out: the first attempt ran out of time.
	Lexical bool `json:"lexical,omitempty"`
	// OrLexical, of a later triage: without a usable answer of the model the embedded classifier decides.
	OrLexical bool `json:"or_lexical,omitempty"`
}

// TriageResult is what history may know of a triage. The summary is sealed in the row.
type TriageResult struct {
	Number    int64              `json:"number"`
	OpenedAt  time.Time          `json:"opened_at"`
	ScrubAt   time.Time          `json:"scrub_at,omitzero"`
	Label     string             `json:"label"`
	Priority  helpdesk.Priority  `json:"priority"`
	By        helpdesk.Provider  `json:"by"`
	Deadlines helpdesk.Deadlines `json:"deadlines"`
	// WithoutAI: a model is configured but did not answer in time or not usably.
	WithoutAI bool `json:"without_ai,omitempty"`
	// Checks are why an agent should look at it.
	Checks []helpdesk.Check `json:"checks,omitempty"`
	// Secrets are the kinds of secret that the text holds.
	Secrets []helpdesk.SecretKind `json:"secrets,omitempty"`
	// Assignee is the Slack user id of who gets a new request; "" for nobody.
	Assignee string `json:"assignee,omitempty"`
}

// Triage reads a request's text and gives it label, priority, summary and deadlines: the model's where it answers
// usably within three seconds, the embedded classifier's otherwise.
func (a *Activities) Triage(ctx context.Context, in TriageInput) (TriageResult, error) {
	m, err := a.material(ctx, in.RequestInput)
	if err != nil {
		return TriageResult{}, failure(err)
	}
	t, withoutAI := m.lexically(), false
	if a.Model != nil {
		if better, err := a.ask(ctx, m, in, modelTime); err == nil {
			t = better
		} else {
			withoutAI = true
		}
	}
	var d helpdesk.Deadlines
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if err := holdRaise(ctx, tx, m.request, &t); err != nil {
			return err
		}
		if err := route(ctx, tx, m, &t); err != nil {
			return err
		}
		var err error
		if d, err = deadlines(m.settings, t.Priority, m.request.OpenedAt, nil); err != nil {
			return err
		}
		newer, err := tx.Project(ctx, in.Request, helpdesk.Progress{
			Version: in.Version, Status: helpdesk.New, Label: t.Label, Priority: t.Priority, TriagedBy: t.By, Checks: t.checks, Deadlines: d, Assignee: t.assignee,
		})
		if err != nil || !newer {
			return err // a later attempt was faster
		}
		return tx.SaveSummary(ctx, in.Request, t.Summary, m.summaryKey)
	})
	a.Fail.Pass(failpoint.Triaged)
	return result(m, t, d, withoutAI), failure(err)
}

// TriageAgain reads a request once more: after the first attempt failed, or after its text was replaced. It stores the
// better summary; label and priority are the workflow's to take, and the deadlines its to plan. Without a usable answer of the model it fails and is
// retried, unless the embedded classifier may decide.
func (a *Activities) TriageAgain(ctx context.Context, in TriageInput) (TriageResult, error) {
	m, err := a.material(ctx, in.RequestInput)
	if err != nil {
		return TriageResult{}, failure(err)
	}
	t, err := a.ask(ctx, m, in, backgroundModelTime)
	if err != nil && in.OrLexical {
		t, err = m.lexically(), nil
	}
	if err != nil {
		return TriageResult{}, failure(err)
	}
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if err := holdRaise(ctx, tx, m.request, &t); err != nil {
			return err
		}
		return tx.SaveSummary(ctx, in.Request, t.Summary, m.summaryKey)
	})
	return result(m, t, helpdesk.Deadlines{}, a.Model != nil && t.By != helpdesk.ByModel), failure(err)
}

// ask is the model's opinion, validated here whatever the provider validated.
func (a *Activities) ask(ctx context.Context, m material, in TriageInput, limit time.Duration) (opinion, error) {
	if in.Lexical || a.Model == nil {
		return opinion{}, errModel
	}
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	started := a.Now()
	t, err := a.Model.Triage(ctx, m.text, m.labels, hidden(m.settings)...)
	if err == nil {
		err = t.Validate(m.labels)
	}
	if err != nil {
		a.Log.WarnContext(ctx, "model gave no usable answer", "workspace_id", in.Workspace, "request_id", in.Request,
			"after", a.Now().Sub(started), "err", err)
		return opinion{}, errModel
	}
	t.By = helpdesk.ByModel
	return opinion{Triage: t, checks: m.suspicions()}, nil
}

// material is what a triage reads.
type material struct {
	settings   helpdesk.Settings
	labels     []helpdesk.Label
	request    helpdesk.Request
	text       string
	summaryKey seal.Key
	secrets    []helpdesk.SecretKind
}

func (a *Activities) material(ctx context.Context, in names.RequestInput) (m material, err error) {
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
		if m.request, err = tx.Request(ctx, in.Request); err != nil {
			return err
		}
		text, err := tx.RequestText(ctx, in.Request, keys.Text)
		m.text = string(text)
		return err
	})
	m.secrets = a.secrets(m.text)
	return m, err
}

func result(m material, t opinion, d helpdesk.Deadlines, withoutAI bool) TriageResult {
	return TriageResult{
		Number: m.request.Number, OpenedAt: m.request.OpenedAt, ScrubAt: m.request.ScrubAt, Label: t.Label, Priority: t.Priority, By: t.By,
		Deadlines: d, WithoutAI: withoutAI, Checks: t.checks, Secrets: m.secrets, Assignee: t.assignee,
	}
}
