package gemini

import (
	"strings"

	"github.com/echo-synch/echo-synch/internal/redact"
)

// edge is how much more of a long message is read than is sent, in characters: what stands at a cut may be half a value that
// the rules do not see.
const edge = 512

// hide is what of a text may be sent: its beginning, as people see it, redacted.
func hide(text string, hidden *redact.Redaction) string {
	text = strings.Map(seen, text)
	runes := []rune(text)
	if len(runes) <= maxText {
		return hidden.Text(text)
	}
	end := min(len(runes), maxText+edge)
	left := []rune(hidden.Text(string(runes[:end])))
	if end < len(runes) {
		left = left[:max(0, len(left)-edge)]
	}
	return string(left)
}

// summary is what is left of a model's line: one plain line without anything that the rules find in it, as it came or after
// what hid it has been taken out.
func summary(s string, hidden *redact.Redaction) string {
	for range 2 {
		s = neutral(redact.Placeholder.ReplaceAllString(hidden.Text(s), "$1"))
	}
	return s
}
