package gemini

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Caching is what a project does with prompts: unless it is disabled, Google keeps them in memory for up to 24 hours.
type Caching string

// What is known of it.
const (
	CachingDisabled Caching = "disabled"
	CachingEnabled  Caching = "enabled"
	CachingUnknown  Caching = "unknown" // the project does not let us read its configuration
)

// Verified is what a project answered to a request that nobody wrote.
type Verified struct {
	Project, Location, Model string
	Latency                  time.Duration // of the triage
	Caching                  Caching
}

// synthetic is a message that nobody wrote.
const synthetic = "The test printer in the test room does not print."

// Verify asks the model to triage a message that nobody wrote, and reads the project's cache configuration. Its errors are those
// of [Provider.Triage].
func (p *Provider) Verify(ctx context.Context) (Verified, error) {
	v := Verified{Project: p.cfg.Project, Location: p.cfg.Location, Model: p.cfg.Model}
	started := time.Now()
	if _, err := p.Triage(ctx, synthetic, helpdesk.StarterTaxonomy()); err != nil {
		return v, err
	}
	v.Latency = time.Since(started)
	var err error
	v.Caching, err = p.caching(ctx)
	return v, err
}

// CacheURL is where the cache configuration of the project is read and changed.
func (p *Provider) CacheURL() string {
	return fmt.Sprintf("%sv1/projects/%s/cacheConfig", p.control, p.cfg.Project)
}

func (p *Provider) caching(ctx context.Context) (Caching, error) {
	r, err := http.NewRequestWithContext(ctx, http.MethodGet, p.CacheURL(), nil)
	if err != nil {
		return CachingUnknown, ErrUnavailable
	}
	response, err := p.http.Do(r)
	if err != nil {
		return CachingUnknown, kindOf(ctx, err, 0)
	}
	defer response.Body.Close()
	switch kind := kindOf(ctx, nil, response.StatusCode); {
	case response.StatusCode == http.StatusOK:
	case errors.Is(kind, ErrRefused):
		return CachingUnknown, nil
	default:
		return CachingUnknown, kind
	}
	var config struct {
		DisableCache bool `json:"disableCache"`
	}
	if json.NewDecoder(io.LimitReader(response.Body, maxAnswer)).Decode(&config) != nil {
		return CachingUnknown, ErrMalformed
	}
	if config.DisableCache {
		return CachingDisabled, nil
	}
	return CachingEnabled, nil
}
