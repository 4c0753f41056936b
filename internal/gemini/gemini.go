// Package gemini asks Gemini on Vertex AI to triage a message: one call, no tools, a closed list of labels, an answer
// that is data and validated here. It does not retry and does not decide what happens without an answer.
package gemini

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"
	"time"

	"cloud.google.com/go/auth"
	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/httptransport"
	"google.golang.org/genai"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/location"
	"github.com/echo-synch/echo-synch/internal/redact"
	"github.com/echo-synch/echo-synch/internal/secret"
)

// Why there is no answer. None says a word of the message or of Google's own error.
var (
	ErrTimeout     = errors.New("model did not answer in time")
	ErrUnavailable = errors.New("model is unavailable")
	ErrQuota       = errors.New("model quota is used up")
	ErrRefused     = errors.New("project may not use the model") // 401, 403, 404
	ErrBlocked     = errors.New("model declined to answer")
	ErrMalformed   = errors.New("model answered outside the schema")
)

// Config says which model, in whose project, where.
type Config struct {
	Project, Location, Model string
	// Key is a service account's, as [ParseKey] gives it; zero: the credentials of this process.
	Key secret.Value
	// BaseURL replaces Google's addresses and sends no credentials: for a simulator only.
	BaseURL string
}

// Provider is one model in one project.
type Provider struct {
	client  *genai.Client
	http    *http.Client
	cfg     Config
	control string // where the project's configuration is read
	rules   *redact.Redactor
}

// New makes a provider. It makes no call; every setting that the SDK would guess from its surroundings is given.
func New(ctx context.Context, cfg Config) (*Provider, error) {
	at, err := location.Of(cfg.Location)
	if err != nil {
		return nil, fmt.Errorf("location %q %w", cfg.Location, err)
	}
	if err := CheckProject(cfg.Project); err != nil {
		return nil, fmt.Errorf("project %q %w", cfg.Project, err)
	}
	p := &Provider{cfg: cfg, http: new(http.Client), control: "https://" + configHost + "/"}
	base := "https://" + at.Host + "/"
	if cfg.BaseURL != "" {
		base = strings.TrimSuffix(cfg.BaseURL, "/") + "/"
		p.control = base
		p.http.Transport = http.DefaultTransport.(*http.Transport).Clone()
		if !cfg.Key.IsZero() {
			p.http, err = authenticated(cfg.Key, base+"token", p.http.Transport)
		}
	} else {
		p.http, err = authenticated(cfg.Key, tokenURI, newEgress())
	}
	if err != nil {
		return nil, err
	}
	p.http.CheckRedirect = stay
	p.http.Transport = patient{p.http.Transport}
	p.client, err = genai.NewClient(ctx, &genai.ClientConfig{
		Backend: genai.BackendVertexAI, Project: cfg.Project, Location: cfg.Location, HTTPClient: p.http,
		HTTPOptions: genai.HTTPOptions{
			BaseURL: base, APIVersion: "v1",
			RetryOptions: &genai.HTTPRetryOptions{Attempts: genai.Ptr[int32](1)}, // retries belong to Temporal
		},
	})
	if err != nil {
		return nil, errors.New("configure model client: project, location or credentials are not usable") // the SDK's error prints them
	}
	p.rules, err = redact.New()
	return p, err
}

// String says which model it is and where it is asked; not in whose project.
func (p *Provider) String() string { return p.cfg.Model + " in " + p.cfg.Location }

// Close gives back the connections.
func (p *Provider) Close() { p.http.CloseIdleConnections() }

// authenticated is the way out to Google with a key, or with the credentials of this process.
func authenticated(key secret.Value, tokens string, out http.RoundTripper) (*http.Client, error) {
	scopes := []string{"https://www.googleapis.com/auth/cloud-platform"}
	var creds *auth.Credentials
	var err error
	if key.IsZero() {
		creds, err = credentials.DetectDefault(&credentials.DetectOptions{Scopes: scopes, Client: &http.Client{Timeout: 10 * time.Second}})
	} else {
		creds, err = credentials.NewCredentialsFromJSON(credentials.ServiceAccount, []byte(redirected(key, tokens)), &credentials.DetectOptions{
			Scopes: scopes, Client: &http.Client{Timeout: 10 * time.Second, Transport: out, CheckRedirect: stay},
		})
	}
	switch {
	case err != nil && key.IsZero():
		return nil, errors.New("find Google credentials: set GOOGLE_APPLICATION_CREDENTIALS or run where a service account is attached")
	case err != nil:
		return nil, errors.New("use service account key: it does not fit") // the library's error may print it
	}
	client, err := httptransport.NewClient(&httptransport.Options{Credentials: creds, BaseRoundTripper: out, DisableTelemetry: true})
	if err != nil {
		return nil, errors.New("use Google credentials: they do not fit")
	}
	return client, nil
}

// Triage asks for label, priority and summary of a text. ctx bounds the call. The result is valid for labels; every
// error is one of this package's. Secrets and personal data leave neither with the text nor come back in the summary; also
// names the optional kinds that this workspace hides, too.
func (p *Provider) Triage(ctx context.Context, text string, labels []helpdesk.Label, also ...redact.Kind) (helpdesk.Triage, error) {
	t, _, err := p.Measure(ctx, text, labels, also...)
	return t, err
}

// generate is the one call. The SDK writes into what it read before it looks, so an answer of null makes it panic.
func (p *Provider) generate(ctx context.Context, text string, labels []helpdesk.Label) (_ *genai.GenerateContentResponse, err error) {
	defer func() {
		if recover() != nil {
			err = ErrMalformed
		}
	}()
	return p.client.Models.GenerateContent(ctx, p.cfg.Model, genai.Text(prompt(text, labels)), &genai.GenerateContentConfig{
		SystemInstruction: genai.NewContentFromText(instruction, genai.RoleUser),
		ResponseMIMEType:  "application/json",
		ResponseSchema:    schema(labels),
		CandidateCount:    1,
		MaxOutputTokens:   512,
		Temperature:       genai.Ptr[float32](0),
		ThinkingConfig:    &genai.ThinkingConfig{ThinkingLevel: genai.ThinkingLevelMinimal},
	})
}
