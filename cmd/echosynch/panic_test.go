package main

import (
	"bytes"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/sentrysim"
)

// poison is a writer that panics with what it was to write.
type poison struct{}

func (poison) Write(b []byte) (int, error) { panic("xoxb-s3cr3t " + string(b)) }

// The process of a command that panics ends in order: where it happened is reported and printed, what it said is not.
func TestAPanicInACommand(t *testing.T) {
	t.Parallel()
	sentry := &sentrysim.Server{}
	server := httptest.NewServer(sentry)
	defer server.Close()
	var errOut bytes.Buffer
	e := environ{"PUBLIC_URL": "https://s3cr3t.example.com", "SENTRY_DSN": sentrysim.DSN(server.URL)}
	if code := run(t.Context(), []string{"manifest"}, e.get, poison{}, &errOut); code != exitFailed {
		t.Errorf("exit code %d", code)
	}
	all := sentry.Envelopes()
	if len(all) != 1 || !strings.Contains(all[0], `manifestCommand.func1"`) || !strings.Contains(all[0], `"layer":"command"`) {
		t.Errorf("envelopes %q", all)
	}
	for _, said := range append(all, errOut.String()) {
		if strings.Contains(said, "s3cr3t") {
			t.Errorf("shows what the panic said: %s", said)
		}
	}
	if !strings.Contains(errOut.String(), `"msg":"panic"`) {
		t.Errorf("log: %s", &errOut)
	}
}
