package lexical

import (
	"slices"
	"strings"
	"unicode"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// signals are what raises or lowers a priority; the first row with a hit decides. What is critical is so whatever the
// writer thinks of it; after it comes what the writer says. Phrases are whole words in a row, without apostrophes; single
// words are looked for among the tokens.
var signals = []struct {
	priority helpdesk.Priority
	phrases  []string
	words    []string
}{
	{helpdesk.Critical,
		[]string{"everyone is", "nobody can", "no one can", "whole office", "entire company", "whole company", "all users", "production is down", "data breach", "site is down"},
		[]string{"outage", "ransomware", "breach", "hacked", "stolen", "phishing", "malware", "fire"}},
	{helpdesk.Low,
		[]string{"not urgent", "nothing urgent", "no rush", "no hurry"},
		nil},
	{helpdesk.High,
		[]string{"cant work", "cannot work", "can not work", "right now", "as soon as possible", "board meeting", "in an hour", "locked out"},
		[]string{"urgent", "urgently", "asap", "immediately", "emergency", "blocked", "deadline", "ceo", "cfo", "dringend", "urgente", "sofort"}},
	{helpdesk.Low,
		[]string{"how do i", "how to", "when you have time", "nice to have", "whenever you", "at some point"},
		[]string{"question", "wondering", "curious", "suggestion"}},
}

func priority(text string, words []string) helpdesk.Priority {
	said := spaced(text)
	for _, s := range signals {
		if slices.ContainsFunc(s.phrases, func(p string) bool { return strings.Contains(said, " "+p+" ") }) ||
			slices.ContainsFunc(s.words, func(w string) bool { return slices.Contains(words, stem(w)) }) {
			return s.priority
		}
	}
	return helpdesk.Medium
}

// spaced is a text in lower case with one space around every word, so that no phrase is found inside other words.
// Apostrophes go, because phones write their own kind and haste writes none.
func spaced(text string) string {
	text = strings.NewReplacer("'", "", "’", "").Replace(strings.ToLower(text))
	return " " + strings.Join(strings.FieldsFunc(text, between), " ") + " "
}

// between reports whether r stands between words.
func between(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }
