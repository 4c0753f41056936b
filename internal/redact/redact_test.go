package redact_test

import (
	"sync"
	"testing"

	"github.com/echo-synch/echo-synch/internal/redact"
)

// compiled are the rules that all tests share, as a process does.
var compiled = sync.OnceValues(redact.New)

func rules(t testing.TB) *redact.Redactor {
	t.Helper()
	r, err := compiled()
	if err != nil {
		t.Fatal(err)
	}
	return r
}
