// Package knowledge tells which entry of a workspace's knowledge base answers a message, and how sure that is; it reads and
// writes the files that admins keep their entries in. It is pure: it knows neither the database nor Slack, and it learns
// nothing from what it reads.
package knowledge

import (
	"math"
	"slices"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/lexical"
)

const (
	// Threshold is the confidence, in percent, from which an entry is offered.
	Threshold = 60
	// Candidates is how many entries, the best as Postgres ranks them, are opened and scored.
	Candidates = 10

	messageWords = 60  // of a message that are looked up; what it is about is said early
	entryWords   = 400 // of an entry
)

// Stems are the forms of an entry's words, by which it is found.
func Stems(c helpdesk.Content) (stems []string) {
	for _, w := range slices.Concat(about(c), lexical.Terms(c.Answer, entryWords)) {
		stems = append(stems, w.Forms...)
	}
	slices.Sort(stems)
	return slices.Compact(stems)
}

// about are the words that say what an entry is about.
func about(c helpdesk.Content) []lexical.Term {
	return append(lexical.Terms(c.Question, entryWords), tagged(c)...)
}

func tagged(c helpdesk.Content) (words []lexical.Term) {
	for _, tag := range c.Tags {
		words = append(words, lexical.Terms(tag, entryWords)...)
	}
	return words
}

// Message is a message as it is looked up.
type Message struct{ words []lexical.Term }

// NewMessage reads the text of a message.
func NewMessage(text string) Message { return Message{lexical.Terms(text, messageWords)} }

// Stems are the forms of the message's words, to look for.
func (m Message) Stems() (stems []string) {
	for _, w := range m.words {
		stems = append(stems, w.Forms...)
	}
	return stems
}

// Counts say how many active entries there are, and how many of them have each stem of a message.
type Counts struct {
	Entries int
	With    map[string]int
}

// Scored is an entry that may answer a message.
type Scored struct {
	helpdesk.Entry
	Confidence int // in percent: how often an entry with it is the right one, as far as the shipped set can tell
}

// Good reports whether it is worth offering.
func (s Scored) Good() bool { return s.Confidence >= Threshold }

// Best is the best of the candidates, the first of equals; false where there is none.
func (m Message) Best(candidates []helpdesk.Entry, c Counts) (best Scored, ok bool) {
	best.Confidence = -1
	for _, e := range candidates {
		if n := int(math.Round(100 * m.confidence(e.Content, c))); n > best.Confidence {
			best = Scored{e, n}
		}
	}
	return best, len(candidates) > 0
}
