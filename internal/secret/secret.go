// Package secret holds values that must never be printed: tokens, keys, connection strings.
// It is not a vault: it only makes the accident of logging one impossible.
package secret

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

const redacted = "[redacted]"

// Value is a secret string. Every way Go has of printing it yields "[redacted]", or an address where fmt cannot ask it;
// [Value.Reveal] is the one way to read it. The zero Value is an empty secret. Values do not compare with ==: that would
// not take constant time; use [Value.Equal].
type Value struct {
	_ [0]func() // takes == away, and leaves [reflect.DeepEqual] to compare what v points to
	// A pointer, because fmt prints the unexported fields of somebody else's struct without asking their methods, and
	// follows no pointer to a string. nil is the empty secret.
	v *string
}

// New wraps s.
func New(s string) Value {
	if s == "" {
		return Value{}
	}
	return Value{v: &s}
}

// Reveal returns the secret itself. Call it only where the secret leaves for the party that issued it.
func (s Value) Reveal() string {
	if s.v == nil {
		return ""
	}
	return *s.v
}

// IsZero reports whether no secret is set.
func (s Value) IsZero() bool { return s.v == nil }

// Equal compares in constant time.
func (s Value) Equal(o Value) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(o.Reveal())) == 1
}

// Format implements [fmt.Formatter], so that no verb, %#v included, prints the secret.
func (Value) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(redacted)) }

// String implements [fmt.Stringer].
func (Value) String() string { return redacted }

// GoString implements [fmt.GoStringer].
func (Value) GoString() string { return redacted }

// MarshalText implements [encoding.TextMarshaler]; JSON, YAML and XML encoders use it.
func (Value) MarshalText() ([]byte, error) { return []byte(redacted), nil }

// LogValue implements [slog.LogValuer].
func (Value) LogValue() slog.Value { return slog.StringValue(redacted) }
