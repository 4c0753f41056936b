package slacksim

import (
	"net/http"
	"time"
)

// fault makes the next calls of a method go wrong. Without status, error and latency the connection is closed.
type fault struct {
	Method  string `json:"method"` // "*": any
	Status  int    `json:"status"`
	Error   string `json:"error"`
	Latency int    `json:"latency_ms"`
	After   bool   `json:"after"` // act first, then fail
	Times   int    `json:"times"`
}

// due takes one use of the first fault for the method.
func (s *Server) due(method string) *fault {
	for i, f := range s.faults {
		if f.Method != method && f.Method != "*" {
			continue
		}
		f.Times--
		if f.Times <= 0 {
			s.faults = append(s.faults[:i:i], s.faults[i+1:]...)
		}
		return f
	}
	return nil
}

// play makes the answer go wrong; it reports false where the call goes on, late.
func (s *Server) play(f *fault, w http.ResponseWriter, r *http.Request) bool {
	if f.Latency > 0 {
		select {
		case <-time.After(time.Duration(f.Latency) * time.Millisecond):
		case <-r.Context().Done():
		case <-s.ctx.Done():
		}
	}
	switch {
	case f.Status == http.StatusTooManyRequests:
		w.Header().Set("Retry-After", "1")
		s.answer(w, f.Status, object{"ok": false, "error": "ratelimited"})
	case f.Status >= http.StatusInternalServerError && f.Error == "":
		http.Error(w, "<html><body>Service Unavailable</body></html>", f.Status)
	case f.Error != "":
		s.answer(w, max(f.Status, http.StatusOK), object{"ok": false, "error": f.Error})
	case f.Status > 0:
		s.answer(w, f.Status, object{"ok": false, "error": "internal_error"})
	case f.Latency > 0:
		return false
	default:
		panic(http.ErrAbortHandler)
	}
	return true
}
