package secret_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"log/slog"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/secret"
)

func TestValueIsNeverPrinted(t *testing.T) {
	t.Parallel()
	const token = "xoxb-marker"
	v := secret.New(token)
	holder := struct{ Token secret.Value }{v}

	for _, verb := range []string{"%s", "%v", "%+v", "%#v", "%q", "%x", "%d", "%T"} {
		for _, arg := range []any{v, &v, holder, []secret.Value{v}, map[string]secret.Value{"k": v}} {
			if out := fmt.Sprintf(verb, arg); strings.Contains(out, token) || strings.Contains(out, fmt.Sprintf("%x", token)) {
				t.Errorf("%s of %T prints the secret: %s", verb, arg, out)
			}
		}
	}
	out, err := json.Marshal(holder)
	if err != nil || string(out) != `{"Token":"[redacted]"}` {
		t.Errorf("json = %s, %v", out, err)
	}
	var log bytes.Buffer
	slog.New(slog.NewJSONHandler(&log, nil)).Info("x", "v", v, "holder", holder)
	slog.New(slog.NewTextHandler(&log, nil)).Info("x", "v", v, "holder", holder)
	if strings.Contains(log.String(), token) {
		t.Errorf("log prints the secret: %s", log.String())
	}
}

func TestRevealAndEqual(t *testing.T) {
	t.Parallel()
	if got := secret.New("a").Reveal(); got != "a" {
		t.Errorf("Reveal = %q", got)
	}
	if !secret.New("a").Equal(secret.New("a")) || secret.New("a").Equal(secret.New("b")) {
		t.Error("Equal does not compare the secrets")
	}
	if !secret.New("").IsZero() || secret.New("a").IsZero() {
		t.Error("IsZero is wrong")
	}
}
