// Package geminisim speaks the part of Vertex AI's HTTP protocol that the product uses: generateContent. It answers
// sensibly by simple rules, and misbehaves on demand:
//
//	POST /sim/fault {"mode":"slow|malformed|wrong_label|empty|blocked|max_tokens|huge|quota|down|forbidden","times":n,"latency_ms":n}
//	POST /sim/reset
//	GET  /sim/state → {"ok":true,"calls":n}
//
// It is no model, and nothing of it is meant to be clever.
package geminisim

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"
)

// Config of a simulator. Record, where set, gets every request and answer.
type Config struct{ Record io.Writer }

// Server is the simulator, an [http.Handler].
type Server struct {
	mux    *http.ServeMux
	record io.Writer

	mu    sync.Mutex
	calls int
	fault fault
}

type fault struct {
	Mode      string `json:"mode"`
	Times     int    `json:"times"`
	LatencyMS int    `json:"latency_ms"`
}

// New makes a simulator that behaves.
func New(c Config) *Server {
	s := &Server{mux: http.NewServeMux(), record: c.Record}
	if s.record == nil {
		s.record = io.Discard
	}
	s.mux.HandleFunc("POST /{version}/projects/{project}/locations/{location}/publishers/google/models/{call}", s.generate)
	s.mux.HandleFunc("POST /sim/fault", s.setFault)
	s.mux.HandleFunc("POST /sim/reset", s.reset)
	s.mux.HandleFunc("GET /sim/state", s.state)
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

var modes = map[string]bool{
	"slow": true, "malformed": true, "wrong_label": true, "empty": true, "blocked": true, "max_tokens": true,
	"huge": true, "quota": true, "down": true, "forbidden": true,
}

func (s *Server) setFault(w http.ResponseWriter, r *http.Request) {
	var f fault
	if err := json.NewDecoder(r.Body).Decode(&f); err != nil || !modes[f.Mode] {
		answer(w, http.StatusBadRequest, map[string]any{"ok": false, "error": "mode must be one of those in the package comment"})
		return
	}
	if f.Times <= 0 {
		f.Times = 1
	}
	s.mu.Lock()
	s.fault = f
	s.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"ok": true})
}

func (s *Server) reset(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	s.fault, s.calls = fault{}, 0
	s.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"ok": true})
}

func (s *Server) state(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer(w, http.StatusOK, map[string]any{"ok": true, "calls": s.calls})
}

// next counts a call and takes one use of the fault, if any.
func (s *Server) next() fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls++
	f := s.fault
	if f.Times > 0 {
		if s.fault.Times--; s.fault.Times == 0 {
			s.fault = fault{}
		}
	}
	return f
}

func (s *Server) generate(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<20))
	var q request
	if err != nil || !strings.HasSuffix(r.PathValue("call"), ":generateContent") || json.Unmarshal(raw, &q) != nil || len(q.Contents) == 0 {
		refuse(w, http.StatusBadRequest, "INVALID_ARGUMENT")
		return
	}
	s.mu.Lock()
	_, _ = s.record.Write(append(raw, '\n'))
	s.mu.Unlock()
	f := s.next()
	if f.Mode == "slow" && f.LatencyMS == 0 {
		f.LatencyMS = 10_000
	}
	select {
	case <-time.After(time.Duration(f.LatencyMS) * time.Millisecond):
	case <-r.Context().Done():
		return
	}
	switch f.Mode {
	case "quota":
		refuse(w, http.StatusTooManyRequests, "RESOURCE_EXHAUSTED")
	case "down":
		refuse(w, http.StatusServiceUnavailable, "UNAVAILABLE")
	case "forbidden":
		refuse(w, http.StatusForbidden, "PERMISSION_DENIED")
	case "blocked":
		answer(w, http.StatusOK, map[string]any{"promptFeedback": map[string]any{"blockReason": "SAFETY"}})
	case "max_tokens":
		candidate(w, `{"label":"net`, "MAX_TOKENS")
	case "malformed":
		candidate(w, `I think this is about the network.`, "STOP")
	case "wrong_label":
		candidate(w, `{"label":"ceo-only","priority":"critical","summary":"x"}`, "STOP")
	case "empty":
		candidate(w, "", "STOP")
	case "huge":
		candidate(w, `{"label":"other","priority":"low","summary":"`+strings.Repeat("x", 1<<20)+`"}`, "STOP")
	default:
		candidate(w, q.triage(), "STOP")
	}
}

func candidate(w http.ResponseWriter, text, finish string) {
	answer(w, http.StatusOK, map[string]any{
		"candidates": []any{map[string]any{
			"content":      map[string]any{"role": "model", "parts": []any{map[string]any{"text": text}}},
			"finishReason": finish,
		}},
		"usageMetadata": map[string]any{"promptTokenCount": 200, "candidatesTokenCount": 30, "totalTokenCount": 230},
	})
}

func refuse(w http.ResponseWriter, status int, name string) {
	answer(w, status, map[string]any{"error": map[string]any{"code": status, "message": "simulated", "status": name}})
}

func answer(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
