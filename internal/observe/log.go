// Package observe is how operators see the process: logs, metrics, health and profiles.
// It is not a place for anybody's text: messages are constant, attributes are ids, enums, counts and times.
package observe

import (
	"io"
	"log/slog"
)

// Logger returns a logger that writes to w what is at least level: JSON for machines, key=value lines for people.
func Logger(w io.Writer, level slog.Level, json bool) *slog.Logger {
	options := &slog.HandlerOptions{Level: level}
	if json {
		return slog.New(slog.NewJSONHandler(w, options))
	}
	return slog.New(slog.NewTextHandler(w, options))
}
