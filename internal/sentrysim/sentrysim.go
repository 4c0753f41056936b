// Package sentrysim is a stand-in for Sentry's ingest: it takes envelopes over HTTP and keeps their bytes, decompressed. It
// can be told to hang, as a tracker does that is down.
package sentrysim

import (
	"bytes"
	"compress/gzip"
	"compress/zlib"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"sync"
)

// maxEnvelope is far above what an honest one has.
const maxEnvelope = 1 << 20

// Server is a running ingest.
type Server struct {
	mu        sync.Mutex
	envelopes []string
	hangs     bool
}

// DSN is what SENTRY_DSN must be for the server at an http:// origin.
func DSN(origin string) string { return strings.Replace(origin, "http://", "http://public@", 1) + "/1" }

// Hang makes every later call wait until the caller gives up.
func (s *Server) Hang() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.hangs = true
}

// Envelopes are all that came, in the order in which they came.
func (s *Server) Envelopes() []string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return slices.Clone(s.envelopes)
}

// ServeHTTP implements [http.Handler]. What stands in the request's head counts as part of the envelope.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	hangs := s.hangs
	s.mu.Unlock()
	if hangs {
		_, _ = io.Copy(io.Discard, r.Body) // only then the server hears that the caller gave up
		<-r.Context().Done()
		return
	}
	body, err := decompressed(r)
	if err != nil {
		http.Error(w, "unreadable", http.StatusBadRequest)
		return
	}
	s.mu.Lock()
	s.envelopes = append(s.envelopes, fmt.Sprintf("%s\n%v\n%s", r.URL, r.Header, body))
	s.mu.Unlock()
	w.Header().Set("Content-Type", "application/json")
	_, _ = io.WriteString(w, `{"id":"0123456789abcdef0123456789abcdef"}`) // the client may be gone
}

func decompressed(r *http.Request) ([]byte, error) {
	body := io.LimitReader(r.Body, maxEnvelope)
	var err error
	switch r.Header.Get("Content-Encoding") {
	case "gzip":
		body, err = gzip.NewReader(body)
	case "deflate":
		body, err = zlib.NewReader(body)
	}
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	_, err = io.Copy(&out, io.LimitReader(body, maxEnvelope))
	return out.Bytes(), err
}
