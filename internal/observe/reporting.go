package observe

import (
	"context"
	"fmt"
	"log/slog"
	"reflect"
	"strings"
	"time"

	"github.com/getsentry/sentry-go"
)

const trackerPause = time.Minute // before the same place in the code is reported again

// Handler passes everything on to next, and reports what is logged as an error, or while a panic unwinds the stack.
func (t *Tracker) Handler(next slog.Handler) slog.Handler {
	if t == nil {
		return next
	}
	return reporting{next, t, nil}
}

// reporting is a handler with the tags of its logger.
type reporting struct {
	slog.Handler
	tracker *Tracker
	attrs   []slog.Attr
}

// WithAttrs implements [slog.Handler].
func (h reporting) WithAttrs(attrs []slog.Attr) slog.Handler {
	return reporting{h.Handler.WithAttrs(attrs), h.tracker, append(h.attrs[:len(h.attrs):len(h.attrs)], attrs...)}
}

// WithGroup implements [slog.Handler].
func (h reporting) WithGroup(name string) slog.Handler {
	return reporting{h.Handler.WithGroup(name), h.tracker, h.attrs}
}

// Handle implements [slog.Handler].
func (h reporting) Handle(ctx context.Context, r slog.Record) error {
	if r.Level >= slog.LevelError {
		attrs := h.attrs[:len(h.attrs):len(h.attrs)]
		r.Attrs(func(a slog.Attr) bool {
			attrs = append(attrs, a)
			return true
		})
		h.tracker.report(r, attrs)
	}
	return h.Handler.Handle(ctx, r)
}

// report sends one event, unless the same place was reported a short while ago.
func (t *Tracker) report(r slog.Record, attrs []slog.Attr) {
	defer func() { _ = recover() }() // somebody's error may panic when asked what it wraps; the log has it all the same
	frames, place, panics := stack(r.PC)
	if !t.due(place, r.Time) {
		return
	}
	e := &sentry.Event{Level: sentry.LevelError, Timestamp: r.Time, Tags: make(map[string]string)}
	var kinds []string
	for _, a := range attrs {
		v := a.Value.Resolve().Any()
		if err, ok := v.(error); ok {
			kinds = chain(err)
		}
		switch {
		case a.Key == "layer":
			if layer, ok := v.(Layer); ok { // a constant, and nobody's text
				e.Tags["layer"] = string(layer)
			}
		case a.Key == "WorkflowID": // as Temporal's library calls it
			e.Tags["workflow_id"] = fmt.Sprint(v)
		case tags[a.Key] != nil:
			e.Tags[a.Key] = fmt.Sprint(v)
		}
	}
	switch {
	case panics:
		e.Level, kinds = sentry.LevelFatal, []string{"panic"}
	case len(kinds) == 0:
		kinds = []string{"error"}
	}
	for _, kind := range kinds { // the outermost stands last, and has the stack
		e.Exception = append(e.Exception, sentry.Exception{Type: kind})
	}
	e.Exception[len(e.Exception)-1].Stacktrace = &sentry.Stacktrace{Frames: frames}
	t.client.CaptureEvent(e, nil, nil)
}

func (t *Tracker) due(place uintptr, now time.Time) bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	if last, ok := t.last[place]; ok && now.Sub(last) < trackerPause {
		return false
	}
	t.last[place] = now
	return true
}

// chain names the types of what an error wraps and its own, the outermost last, without those that only add words.
func chain(err error) (names []string) {
	switch u := err.(type) { //nolint:errorlint // it walks the chain itself
	case interface{ Unwrap() error }:
		if inner := u.Unwrap(); inner != nil {
			names = chain(inner)
		}
	case interface{ Unwrap() []error }:
		for _, inner := range u.Unwrap() {
			names = append(names, chain(inner)...)
		}
	}
	if name := reflect.TypeOf(err).String(); !strings.HasPrefix(name, "*fmt.wrapError") && name != "*errors.joinError" {
		names = append(names, name)
	}
	return names
}
