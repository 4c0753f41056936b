package observe

import (
	"bytes"
	"log"
	"log/slog"
)

// ServerLog is what [net/http.Server.ErrorLog] writes to. The server's own words hold addresses of clients, so a constant
// message takes their place.
func ServerLog(to *slog.Logger) *log.Logger { return log.New(serverLog{to}, "", 0) }

type serverLog struct{ to *slog.Logger }

// Write implements [io.Writer] for one message of the server.
func (l serverLog) Write(line []byte) (int, error) {
	switch {
	case bytes.Contains(line, []byte("TLS handshake error")): // scanners do it all day
		l.to.Debug("TLS handshake failed")
	case bytes.Contains(line, []byte("Accept error")):
		l.to.Error("connection not accepted; are there too many open files?")
	default:
		l.to.Warn("HTTP server complains")
	}
	return len(line), nil
}
