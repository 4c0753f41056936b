// Package geminisim speaks the part of Vertex AI's HTTP protocol that the product uses: generateContent, tokens for keys, and a
// project's cacheConfig, in which caching is disabled. It answers sensibly by simple rules, and misbehaves on demand:
//
//	POST /sim/fault {"mode":"slow|malformed|wrong_label|empty|blocked|max_tokens|huge|quota|down|forbidden|echo|obey","times":n,"latency_ms":n,
//	                 "project":"…","retry_after":seconds}
//	POST /sim/cache {"project":"…","disabled":true|false,"refused":true|false}
//	POST /sim/reset
//	POST /sim/revoke                  no key becomes a token any more
//	GET  /sim/state → {"ok":true,"calls":n,"projects":{"…":n}}
//
// A fault is played by the next call, or by the next n, after its latency, which is ten seconds for "slow" and none for the
// others unless said. A new fault replaces the one before. One of a project is played by that project's calls only. Calls are those
// of generateContent that the protocol allows. A control that makes no
// sense is answered with 400 {"ok":false,"error":sentence} and changes nothing.
//
// It is no model, and nothing of it is meant to be clever.
package geminisim

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// Config of a simulator. Record, where set, gets every request and answer, each with a line end.
type Config struct{ Record io.Writer }

// Server is the simulator, an [http.Handler].
type Server struct {
	mux    *http.ServeMux
	record io.Writer

	mu     sync.Mutex
	calls  map[string]int   // by project
	faults map[string]fault // by project; "" for all
	caches map[string]cache

	revoked bool
}

// cache is a project's cache configuration; a project that nobody spoke of has caching disabled.
type cache struct {
	Project  string `json:"project"`
	Disabled bool   `json:"disabled"`
	Refused  bool   `json:"refused"` // we may not read it
}

type fault struct {
	Mode      string `json:"mode"`
	Times     int    `json:"times"`
	LatencyMS int    `json:"latency_ms"`
	Project   string `json:"project"`     // "": every project
	After     int    `json:"retry_after"` // seconds, of quota and down
}

// New makes a simulator that behaves.
func New(c Config) *Server {
	s := &Server{mux: http.NewServeMux(), record: c.Record}
	s.clear()
	if s.record == nil {
		s.record = io.Discard
	}
	s.mux.HandleFunc("POST /{version}/projects/{project}/locations/{location}/publishers/google/models/{call}", s.generate)
	s.mux.HandleFunc("GET /{version}/projects/{project}/cacheConfig", s.cacheConfig)
	s.mux.HandleFunc("POST /token", s.token)
	s.mux.HandleFunc("POST /sim/fault", s.setFault)
	s.mux.HandleFunc("POST /sim/cache", s.setCache)
	s.mux.HandleFunc("POST /sim/revoke", s.revoke)
	s.mux.HandleFunc("POST /sim/reset", s.reset)
	s.mux.HandleFunc("GET /sim/state", s.state)
	return s
}

func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.mux.ServeHTTP(w, r) }

// modes are the ways to misbehave: each says how a call is answered then.
var modes = map[string]func(request) (status int, body any){
	"slow":        request.sensibly,
	"echo":        request.parroting,
	"obey":        request.obeying,
	"malformed":   said(`I think this is about the network.`, "STOP"),
	"wrong_label": said(`{"label":"ceo-only","priority":"critical","summary":"x"}`, "STOP"),
	"empty":       said("", "STOP"),
	"max_tokens":  said(`{"label":"net`, "MAX_TOKENS"),
	"huge":        said(`{"label":"other","priority":"low","summary":"`+strings.Repeat("x", 1<<20)+`"}`, "STOP"),
	"blocked": func(request) (int, any) {
		return http.StatusOK, map[string]any{"promptFeedback": map[string]any{"blockReason": "SAFETY"}}
	},
	"quota":     refused(http.StatusTooManyRequests, "RESOURCE_EXHAUSTED"),
	"down":      refused(http.StatusServiceUnavailable, "UNAVAILABLE"),
	"forbidden": refused(http.StatusForbidden, "PERMISSION_DENIED"),
}

const (
	slowness   = 10 * time.Second // of "slow"
	maxLatency = 10 * time.Minute
)

// problem says what is wrong with a fault; "" for nothing.
func (f fault) problem() string {
	switch {
	case modes[f.Mode] == nil:
		return "mode must be one of " + strings.Join(slices.Sorted(maps.Keys(modes)), ", ")
	case f.Times < 0:
		return "times must not be negative"
	case f.LatencyMS < 0 || f.LatencyMS > int(maxLatency.Milliseconds()):
		return "latency_ms must be between 0 and " + strconv.Itoa(int(maxLatency.Milliseconds()))
	}
	return ""
}

func (s *Server) setFault(w http.ResponseWriter, r *http.Request) {
	var f fault
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	problem := "the body must be a JSON object of mode, times, latency_ms, project and retry_after"
	if d.Decode(&f) == nil {
		problem = f.problem()
	}
	if problem != "" {
		write(w, http.StatusBadRequest, map[string]any{"ok": false, "error": problem})
		return
	}
	f.Times = max(f.Times, 1)
	s.mu.Lock()
	s.faults[f.Project] = f
	s.mu.Unlock()
	write(w, http.StatusOK, map[string]any{"ok": true})
}

func (s *Server) setCache(w http.ResponseWriter, r *http.Request) {
	var c cache
	d := json.NewDecoder(r.Body)
	d.DisallowUnknownFields()
	if d.Decode(&c) != nil || c.Project == "" {
		write(w, http.StatusBadRequest, map[string]any{"ok": false, "error": "the body must be a JSON object of project, disabled and refused"})
		return
	}
	s.mu.Lock()
	s.caches[c.Project] = c
	s.mu.Unlock()
	write(w, http.StatusOK, map[string]any{"ok": true})
}

// cacheConfig answers as Vertex AI does, which leaves out what is false.
func (s *Server) cacheConfig(w http.ResponseWriter, r *http.Request) {
	project := r.PathValue("project")
	s.mu.Lock()
	c, told := s.caches[project]
	s.mu.Unlock()
	switch {
	case c.Refused:
		status, body := refused(http.StatusForbidden, "PERMISSION_DENIED")(request{})
		write(w, status, body)
	case told && !c.Disabled:
		write(w, http.StatusOK, map[string]any{"name": "projects/" + project + "/cacheConfig"})
	default:
		write(w, http.StatusOK, map[string]any{"name": "projects/" + project + "/cacheConfig", "disableCache": true})
	}
}

// token turns any key into a token, unless all are revoked.
func (s *Server) token(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.revoked {
		write(w, http.StatusBadRequest, map[string]any{"error": "invalid_grant", "error_description": "simulated"})
		return
	}
	write(w, http.StatusOK, map[string]any{"access_token": "simulated", "token_type": "Bearer", "expires_in": 3600})
}

func (s *Server) revoke(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	s.revoked = true
	s.mu.Unlock()
	write(w, http.StatusOK, map[string]any{"ok": true})
}

func (s *Server) clear() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.revoked = false
	s.calls, s.faults, s.caches = make(map[string]int), make(map[string]fault), make(map[string]cache)
}

func (s *Server) reset(w http.ResponseWriter, _ *http.Request) {
	s.clear()
	write(w, http.StatusOK, map[string]any{"ok": true})
}

func (s *Server) state(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := 0
	for _, n := range s.calls {
		all += n
	}
	write(w, http.StatusOK, map[string]any{"ok": true, "calls": all, "projects": s.calls})
}

// next counts a call of a project and takes one use of its fault, or of the one for all, if any.
func (s *Server) next(project string) fault {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[project]++
	for _, of := range []string{project, ""} {
		if f := s.faults[of]; f.Times > 0 {
			left := f
			if left.Times--; left.Times == 0 {
				delete(s.faults, of)
			} else {
				s.faults[of] = left
			}
			return f
		}
	}
	return fault{}
}

func (s *Server) generate(w http.ResponseWriter, r *http.Request) {
	raw, err := io.ReadAll(http.MaxBytesReader(w, r.Body, 4<<20))
	s.note(raw)
	var q request
	if err != nil || !strings.HasSuffix(r.PathValue("call"), ":generateContent") || json.Unmarshal(raw, &q) != nil || !q.speaks() {
		status, body := refused(http.StatusBadRequest, "INVALID_ARGUMENT")(q)
		s.answer(w, status, body)
		return
	}
	f := s.next(r.PathValue("project"))
	latency := time.Duration(f.LatencyMS) * time.Millisecond
	if f.Mode == "slow" && latency == 0 {
		latency = slowness
	}
	select {
	case <-time.After(latency):
	case <-r.Context().Done():
		return
	}
	play := modes[f.Mode]
	if play == nil {
		play = request.sensibly
	}
	if f.After > 0 {
		w.Header().Set("Retry-After", strconv.Itoa(f.After))
	}
	status, body := play(q)
	s.answer(w, status, body)
}

// answer records before it writes, so that who has the answer finds it recorded.
func (s *Server) answer(w http.ResponseWriter, status int, body any) {
	raw, err := json.Marshal(body)
	if err != nil {
		status, raw = http.StatusInternalServerError, []byte("null")
	}
	s.note(raw)
	write(w, status, json.RawMessage(raw))
}

// note records one body.
func (s *Server) note(body []byte) {
	s.mu.Lock()
	defer s.mu.Unlock()
	fmt.Fprintf(s.record, "%s\n", bytes.TrimSpace(body))
}

// said is a model's answer.
func said(text, finish string) func(request) (int, any) {
	return func(request) (int, any) {
		return http.StatusOK, map[string]any{
			"candidates": []any{map[string]any{
				"content":      map[string]any{"role": "model", "parts": []any{map[string]any{"text": text}}},
				"finishReason": finish,
			}},
			"usageMetadata": map[string]any{"promptTokenCount": 200, "candidatesTokenCount": 30, "totalTokenCount": 230},
		}
	}
}

func refused(status int, name string) func(request) (int, any) {
	return func(request) (int, any) {
		return status, map[string]any{"error": map[string]any{"code": status, "message": "simulated", "status": name}}
	}
}

func write(w http.ResponseWriter, status int, body any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(body) // the client may be gone
}
