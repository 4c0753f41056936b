// Package ssmsim is a stand-in for the Parameter Store of AWS Systems Manager that speaks its HTTP protocol:
// GetParametersByPath with decryption, in pages. It checks no signature, and can be told to fail.
package ssmsim

import (
	"encoding/json"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

const (
	maxPage = 10 // what may be asked for at a time
	page    = 3  // what is given: the Parameter Store, too, may give less than it is asked for
)

// Server is a running Parameter Store.
type Server struct {
	mu         sync.Mutex
	parameters map[string]parameter
	refusals   map[string][]string // by path
	calls      map[string]int
}

type parameter struct {
	Name, Type, Value string
}

// New makes an empty one.
func New() *Server {
	return &Server{parameters: make(map[string]parameter), refusals: make(map[string][]string), calls: make(map[string]int)}
}

// Put stores an encrypted parameter under its whole name, such as /echo-synch/production/DATABASE_URL.
func (s *Server) Put(name, value string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.parameters[name] = parameter{name, "SecureString", value}
}

// Refuse has the next calls for a path fail, one after the other, with the kinds that AWS names them by; "" is a server
// that breaks down, and "hang" one that never answers.
func (s *Server) Refuse(path string, kinds ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.refusals[path] = append(s.refusals[path], kinds...)
}

// Calls is how often a path was asked for.
func (s *Server) Calls(path string) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.calls[path]
}

type request struct {
	Path           string `json:"Path"`
	Recursive      bool   `json:"Recursive"`
	WithDecryption bool   `json:"WithDecryption"`
	MaxResults     int    `json:"MaxResults"`
	NextToken      string `json:"NextToken"`
}

// ServeHTTP implements [http.Handler].
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	var in request
	if err := json.NewDecoder(r.Body).Decode(&in); err != nil {
		refuse(w, "SerializationException")
		return
	}
	kind, fails := s.next(in.Path)
	switch {
	case fails && kind == "hang":
		_, _ = io.Copy(io.Discard, r.Body) // only then the server hears that the caller gave up
		<-r.Context().Done()
	case fails && kind == "":
		http.Error(w, "<html>Service Unavailable</html>", http.StatusServiceUnavailable)
	case fails:
		refuse(w, kind)
	case r.Header.Get("X-Amz-Target") != "AmazonSSM.GetParametersByPath":
		refuse(w, "UnknownOperationException")
	case !strings.HasPrefix(in.Path, "/") || in.MaxResults < 0 || in.MaxResults > maxPage:
		refuse(w, "ValidationException")
	default:
		s.give(w, in)
	}
}

// next is how the next call for a path fails, if it does.
func (s *Server) next(path string) (kind string, fails bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.calls[path]++
	planned := s.refusals[path]
	if len(planned) == 0 {
		return "", false
	}
	s.refusals[path] = planned[1:]
	return planned[0], true
}

// give answers with the next parameters in the order of their names. What was not decrypted is given as it is stored.
func (s *Server) give(w http.ResponseWriter, in request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var found []parameter
	for name, p := range s.parameters {
		below, ok := strings.CutPrefix(name, strings.TrimSuffix(in.Path, "/")+"/")
		if !ok || strings.Contains(below, "/") && !in.Recursive {
			continue
		}
		if !in.WithDecryption {
			p.Value = "AQICAHh-encrypted"
		}
		found = append(found, p)
	}
	slices.SortFunc(found, func(a, b parameter) int { return strings.Compare(a.Name, b.Name) })
	from, err := strconv.Atoi("0" + in.NextToken) // none is the beginning
	if err != nil || from > len(found) {
		refuse(w, "InvalidNextToken")
		return
	}
	answer := map[string]any{}
	if to := from + page; to < len(found) {
		answer["NextToken"] = strconv.Itoa(to)
		found = found[:to]
	}
	answer["Parameters"] = found[from:]
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	_ = json.NewEncoder(w).Encode(answer) // the client may be gone
}

func refuse(w http.ResponseWriter, kind string) {
	w.Header().Set("Content-Type", "application/x-amz-json-1.1")
	status := http.StatusBadRequest
	if kind == "InternalServerError" {
		status = http.StatusInternalServerError
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(map[string]string{"__type": kind, "message": "refused"}) // the client may be gone
}
