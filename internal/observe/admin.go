package observe

import (
	"context"
	"encoding/json"
	"net/http"
	"net/http/pprof"

	"github.com/prometheus/client_golang/prometheus/promhttp"
)

// AdminHandler serves /metrics, /health and /debug/pprof. It asks nobody who they are: bind it to a private address.
// health returns the parts behind this process that are down, and an error when the process cannot do its own job.
func AdminHandler(m *Metrics, health func(context.Context) (degraded []string, err error)) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", promhttp.HandlerFor(m.Registry, promhttp.HandlerOpts{}))
	mux.Handle("GET /health", HealthHandler(health))
	mux.HandleFunc("GET /debug/pprof/", pprof.Index)
	mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	return mux
}

// HealthHandler answers 200 {"ok":true}, with the degraded parts by name where there are any, or 503 {"ok":false}.
// The error itself is not shown: the address is public.
func HealthHandler(health func(context.Context) (degraded []string, err error)) http.Handler {
	type answer struct {
		OK       bool     `json:"ok"`
		Degraded []string `json:"degraded,omitempty"`
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		degraded, err := health(r.Context())
		w.Header().Set("Content-Type", "application/json")
		if err != nil {
			w.WriteHeader(http.StatusServiceUnavailable)
		}
		// The client may be gone; there is nobody left to tell.
		_ = json.NewEncoder(w).Encode(answer{OK: err == nil, Degraded: degraded})
	})
}
