package observe_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/observe"
)

func TestLogger(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	log := observe.Logger(&out, slog.LevelInfo, true)
	log.Debug("hidden")
	log.Info("request opened", "request_id", "r1")

	var line map[string]any
	if err := json.Unmarshal(out.Bytes(), &line); err != nil {
		t.Fatalf("not one JSON line: %v\n%s", err, out.String())
	}
	if line["msg"] != "request opened" || line["request_id"] != "r1" {
		t.Errorf("line = %v", line)
	}

	out.Reset()
	observe.Logger(&out, slog.LevelInfo, false).Info("request opened")
	if !strings.Contains(out.String(), `msg="request opened"`) {
		t.Errorf("text = %s", out.String())
	}
}

func TestAdminHandler(t *testing.T) {
	t.Parallel()
	m := observe.NewMetrics()
	m.Events.WithLabelValues("stored").Inc()
	m.AckSeconds.Observe(0.01)
	m.RelayLag.Set(2)
	m.HandedOver.Inc()
	healthy := func(context.Context) ([]string, error) { return nil, nil }

	for path, want := range map[string][]string{
		"/metrics": {
			`echosynch_events_total{outcome="stored"} 1`, "echosynch_ack_seconds_count 1",
			"echosynch_relay_lag_seconds 2", "echosynch_handed_over_total 1", "go_goroutines",
		},
		"/health":                      {`{"ok":true}`},
		"/debug/pprof/":                {"goroutine"},
		"/debug/pprof/heap?debug=1":    {"heap profile"},
		"/debug/pprof/cmdline?debug=1": {"observe"},
	} {
		w := httptest.NewRecorder()
		observe.AdminHandler(m, healthy).ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
		for _, s := range want {
			if w.Code != http.StatusOK || !strings.Contains(w.Body.String(), s) {
				t.Errorf("%s: status %d, no %q", path, w.Code, s)
			}
		}
	}
}

func TestHealthHandler(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		degraded []string
		err      error
		status   int
		body     string
	}{
		"healthy":  {nil, nil, http.StatusOK, `{"ok":true}`},
		"degraded": {[]string{"temporal"}, nil, http.StatusOK, `{"ok":true,"degraded":["temporal"]}`},
		"unable":   {nil, errors.New("dial marker"), http.StatusServiceUnavailable, `{"ok":false}`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			health := func(context.Context) ([]string, error) { return tt.degraded, tt.err }
			w := httptest.NewRecorder()
			observe.HealthHandler(health).ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/health", nil))
			if w.Code != tt.status || strings.TrimSpace(w.Body.String()) != tt.body {
				t.Errorf("answer = %d %s", w.Code, w.Body.String())
			}
		})
	}
}
