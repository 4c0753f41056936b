package app_test

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/geminisim"
	"github.com/echo-synch/echo-synch/internal/provider"
)

// A project that caches prompts, or that may not use the model, keeps the worker from starting.
func TestAWorkerDoesNotStartWhereTheProjectCaches(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		control, body string
		want          error
	}{
		"caches":     {"cache", `{"project":"acme-help"}`, provider.ErrCaching},
		"is refused": {"fault", `{"mode":"forbidden","times":9}`, provider.ErrProject},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			sim := httptest.NewServer(geminisim.New(geminisim.Config{}))
			t.Cleanup(sim.Close)
			res, err := http.Post(sim.URL+"/sim/"+tt.control, "application/json", strings.NewReader(tt.body)) //nolint:noctx // local
			if err != nil || res.StatusCode != http.StatusOK {
				t.Fatalf("%v, %v", res, err)
			}
			_ = res.Body.Close() // only its status was wanted
			cfg := servers(t)
			cfg.Triage = config.TriageGemini
			cfg.Gemini = config.Gemini{Project: "acme-help", Location: "eu", Model: "gemini-3.5-flash-lite", BaseURL: sim.URL}
			if err := start(t, app.Worker, cfg).end(t); !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
		})
	}
}
