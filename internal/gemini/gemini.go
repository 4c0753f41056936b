// Package gemini asks Gemini on Vertex AI to triage a message: one call, no tools, a closed list of labels, an answer
// that is data and validated here. It does not retry and does not decide what happens without an answer.
package gemini

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"regexp"
	"time"

	"cloud.google.com/go/auth/credentials"
	"cloud.google.com/go/auth/httptransport"
	"google.golang.org/genai"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/redact"
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
	// BaseURL replaces Google's address and sends no credentials: for a simulator only.
	BaseURL string
}

// Provider is one model in one project.
type Provider struct {
	client *genai.Client
	model  string
	rules  *redact.Redactor
}

var region = regexp.MustCompile(`^[a-z]+-[a-z]+[0-9]+$`)

// BaseURL is Google's address for a location: a multi-region or a region. "global" promises no residency, so it is
// refused.
func BaseURL(location string) (string, error) {
	switch {
	case location == "eu" || location == "us":
		return "https://aiplatform." + location + ".rep.googleapis.com/", nil
	case region.MatchString(location):
		return "https://" + location + "-aiplatform.googleapis.com/", nil
	}
	return "", fmt.Errorf("GEMINI_LOCATION %q: use eu, us or a region such as europe-west1", location)
}

// New makes a provider. It makes no call; every setting that the SDK would guess from its surroundings is given.
func New(ctx context.Context, cfg Config) (*Provider, error) {
	base, client := cfg.BaseURL, &http.Client{}
	if base == "" {
		var err error
		if base, err = BaseURL(cfg.Location); err != nil {
			return nil, err
		}
		if client, err = authenticated(); err != nil {
			return nil, err
		}
	}
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	c, err := genai.NewClient(ctx, &genai.ClientConfig{
		Backend: genai.BackendVertexAI, Project: cfg.Project, Location: cfg.Location, HTTPClient: client,
		HTTPOptions: genai.HTTPOptions{
			BaseURL: base, APIVersion: "v1",
			RetryOptions: &genai.HTTPRetryOptions{Attempts: genai.Ptr[int32](1)}, // retries belong to Temporal
		},
	})
	if err != nil {
		return nil, errors.New("configure model client: project, location or credentials are not usable") // the SDK's error prints them
	}
	rules, err := redact.New()
	if err != nil {
		return nil, err
	}
	return &Provider{client: c, model: cfg.Model, rules: rules}, nil
}

func authenticated() (*http.Client, error) {
	creds, err := credentials.DetectDefault(&credentials.DetectOptions{
		Scopes: []string{"https://www.googleapis.com/auth/cloud-platform"},
		Client: &http.Client{Timeout: 10 * time.Second},
	})
	if err != nil {
		return nil, errors.New("find Google credentials: set GOOGLE_APPLICATION_CREDENTIALS or run where a service account is attached")
	}
	client, err := httptransport.NewClient(&httptransport.Options{Credentials: creds, DisableTelemetry: true})
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
	return p.client.Models.GenerateContent(ctx, p.model, genai.Text(prompt(text, labels)), &genai.GenerateContentConfig{
		SystemInstruction: genai.NewContentFromText(instruction, genai.RoleUser),
		ResponseMIMEType:  "application/json",
		ResponseSchema:    schema(labels),
		CandidateCount:    1,
		MaxOutputTokens:   512,
		Temperature:       genai.Ptr[float32](0),
		ThinkingConfig:    &genai.ThinkingConfig{ThinkingLevel: genai.ThinkingLevelMinimal},
	})
}

// refusal gives an SDK error its kind and drops the rest.
func refusal(ctx context.Context, err error) error {
	var refused genai.APIError
	switch {
	case ctx.Err() != nil:
		return ErrTimeout
	case errors.Is(err, ErrMalformed):
		return ErrMalformed
	case !errors.As(err, &refused):
		return ErrUnavailable
	case refused.Code == http.StatusTooManyRequests:
		return ErrQuota
	case refused.Code == http.StatusUnauthorized, refused.Code == http.StatusForbidden, refused.Code == http.StatusNotFound:
		return ErrRefused
	}
	return ErrUnavailable
}
