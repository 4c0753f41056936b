package lexical

import (
	"slices"
	"strings"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// signals are the words that raise or lower a priority; the first row with a hit decides. Phrases are looked for in
// the text, single words among its tokens.
var signals = []struct {
	priority helpdesk.Priority
	phrases  []string
	words    []string
}{
	{helpdesk.Critical,
		[]string{"everyone is", "nobody can", "no one can", "whole office", "entire company", "whole company", "all users", "production is down", "data breach", "site is down"},
		[]string{"outage", "ransomware", "breach", "hacked", "stolen", "phishing", "malware", "fire"}},
	{helpdesk.High,
		[]string{"can't work", "cannot work", "can not work", "right now", "as soon as possible", "board meeting", "in an hour", "locked out"},
		[]string{"urgent", "urgently", "asap", "immediately", "emergency", "blocked", "deadline", "ceo", "cfo", "dringend", "urgente", "sofort"}},
	{helpdesk.Low,
		[]string{"how do i", "how to", "when you have time", "no rush", "no hurry", "nice to have", "whenever", "not urgent", "at some point"},
		[]string{"question", "wondering", "curious", "suggestion"}},
}

func priority(text string, words []string) helpdesk.Priority {
	lower := strings.ToLower(text)
	if strings.Contains(lower, "not urgent") || strings.Contains(lower, "no rush") {
		return helpdesk.Low
	}
	for _, s := range signals {
		if slices.ContainsFunc(s.phrases, func(p string) bool { return strings.Contains(lower, p) }) ||
			slices.ContainsFunc(s.words, func(w string) bool { return slices.Contains(words, stem(w)) }) {
			return s.priority
		}
	}
	return helpdesk.Medium
}
