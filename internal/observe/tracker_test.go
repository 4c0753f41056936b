package observe_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"log/slog"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/observe"
	"github.com/echo-synch/echo-synch/internal/sentrysim"
)

// tracked is a logger whose errors are reported to the stand-in.
func tracked(t *testing.T) (*slog.Logger, *observe.Tracker, *sentrysim.Server) {
	t.Helper()
	sim := &sentrysim.Server{}
	server := httptest.NewServer(sim)
	t.Cleanup(func() {
		server.CloseClientConnections() // which may hang
		server.Close()
	})
	tracker, err := observe.NewTracker(sentrysim.DSN(server.URL), "production")
	if err != nil {
		t.Fatal(err)
	}
	return slog.New(tracker.Handler(everything{slog.DiscardHandler})), tracker, sim
}

// everything is a handler that takes every level.
type everything struct{ slog.Handler }

func (everything) Enabled(context.Context, slog.Level) bool { return true }
func (e everything) WithAttrs([]slog.Attr) slog.Handler     { return e }
func (e everything) WithGroup(string) slog.Handler          { return e }

func TestErrorsAreReported(t *testing.T) {
	t.Parallel()
	log, tracker, sim := tracked(t)
	const id = "0190c5a0-0000-7000-8000-000000000001"
	log.Info("marker")
	log.Warn("marker")
	log.With("layer", observe.Relay, "workspace_id", id, "person", "marker").WithGroup("marker").Error("marker",
		"request_id", "marker", "path", "/marker", "err", fmt.Errorf("marker: %w", errors.Join(io.EOF, &fs.PathError{Path: "marker", Err: io.ErrUnexpectedEOF})))
	log.Error("marker", "layer", "marker", "err", nilError(nil)) // panics when asked
	tracker.Flush(10 * time.Second)
	all := sim.Envelopes()
	if len(all) != 1 || strings.Contains(all[0], "marker") {
		t.Fatalf("%d envelopes: %s", len(all), all)
	}
	for _, want := range []string{
		`"tags":{"layer":"relay","workspace_id":"` + id + `"}`, `"level":"error"`, `"environment":"production"`, `"type":"*fs.PathError"`,
		`"function":"TestErrorsAreReported","module":"github.com/echo-synch/echo-synch/internal/observe_test","filename":"internal/observe_test/tracker_test.go"`,
	} {
		if !strings.Contains(all[0], want) {
			t.Errorf("no %s in %s", want, all[0])
		}
	}
	for _, never := range []string{"server_name", "modules", "contexts", "request_id", "breadcrumbs", "vars", "abs_path", "context_line"} {
		if strings.Contains(all[0], `"`+never+`"`) {
			t.Errorf("%s is in %s", never, all[0])
		}
	}
}

type wrapping struct{ error }

func (w *wrapping) Unwrap() error { return w.error } // panics on nil

func nilError(w *wrapping) error { return w }

// A fault that repeats does not flood Sentry, and another one is not lost for it.
func TestOneReportForAPlaceInAMinute(t *testing.T) {
	t.Parallel()
	log, tracker, sim := tracked(t)
	for range 100 {
		log.Error("here")
	}
	log.Error("there")
	tracker.Flush(10 * time.Second)
	if n := len(sim.Envelopes()); n != 2 {
		t.Errorf("%d envelopes, want 2", n)
	}
}

// A Sentry that is down costs the product nothing while it works, and two bounded moments when it ends.
func TestADeadSentrySlowsNothing(t *testing.T) {
	t.Parallel()
	log, tracker, sim := tracked(t)
	sim.Hang()
	started := time.Now()
	for i := range 500 { // more than it queues, each from its own minute
		r := slog.NewRecord(started.Add(time.Duration(i)*time.Minute), slog.LevelError, "down", 0)
		if err := log.Handler().Handle(t.Context(), r); err != nil {
			t.Error(err)
		}
	}
	if took := time.Since(started); took > 3*time.Second {
		t.Errorf("logging took %v", took)
	}
	before := time.Now()
	tracker.Flush(100 * time.Millisecond)
	if took := time.Since(before); took > 3*time.Second {
		t.Errorf("the end took %v", took)
	}
}

func TestWithoutSentry(t *testing.T) {
	t.Parallel()
	tracker, err := observe.NewTracker("", "production")
	if err != nil || tracker.Handler(slog.DiscardHandler) != slog.DiscardHandler {
		t.Errorf("%v, another handler", err)
	}
	tracker.Flush(time.Hour)
	if _, err := observe.NewTracker("http://marker@:x", "production"); !errors.Is(err, observe.ErrDSN) || strings.Contains(err.Error(), "marker") {
		t.Errorf("got %v", err)
	}
}

func TestGuard(t *testing.T) {
	t.Parallel()
	var out strings.Builder
	log := slog.New(slog.NewJSONHandler(&out, nil))
	if err := observe.Guard(t.Context(), log, func() error { return io.EOF }); err != io.EOF || out.Len() > 0 { //nolint:errorlint // the very error
		t.Errorf("got %v, and logged %s", err, &out)
	}
	err := observe.Guard(t.Context(), log, func() error { panic("marker") })
	if !errors.Is(err, observe.ErrPanic) || strings.Contains(out.String(), "marker") || !strings.Contains(out.String(), "TestGuard") {
		t.Errorf("got %v, and logged %s", err, &out)
	}
}
