// Package lexical is the embedded triage: a label by BM25 over the taxonomy's own words, a priority by signals of
// urgency, and a summary made of taxonomy words only. It is pure, needs no network, and never quotes a message.
package lexical

import (
	"math"
	"slices"
	"strings"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// BM25's usual parameters: how fast repetition saturates, and how much length counts.
const (
	k1 = 1.2
	b  = 0.75
)

// maxTokens bounds the work on a long message; what matters is said early.
const maxTokens = 400

// Classifier is compiled from a taxonomy. It never changes, so it may be shared.
type Classifier struct {
	labels   []helpdesk.Label
	counts   []map[string]int // tokens of each label
	lengths  []int
	mean     float64
	idf      map[string]float64
	spelling map[string]string // token → the taxonomy's own spelling, for summaries
}

// New compiles a taxonomy, which must not be empty.
func New(labels []helpdesk.Label) *Classifier {
	c := &Classifier{labels: labels, idf: make(map[string]float64), spelling: make(map[string]string)}
	in := make(map[string]int)
	for _, l := range labels {
		words := strings.Fields(strings.Join(append([]string{l.Name, l.Name, l.Description, l.Key}, l.Examples...), " "))
		counts := make(map[string]int)
		for _, w := range words {
			for _, t := range tokens(w) {
				counts[t]++
				if _, ok := c.spelling[t]; !ok {
					c.spelling[t] = strings.ToLower(strings.Trim(w, ".,;:!?"))
				}
			}
		}
		length := 0
		for t, n := range counts {
			in[t]++
			length += n
		}
		c.counts, c.lengths = append(c.counts, counts), append(c.lengths, length)
		c.mean += float64(length) / float64(len(labels))
	}
	for t, n := range in {
		c.idf[t] = math.Log(1 + (float64(len(labels))-float64(n)+0.5)/(float64(n)+0.5))
	}
	return c
}

// Triage reads a text. The result is valid for the taxonomy whatever the text is.
func (c *Classifier) Triage(text string) helpdesk.Triage {
	words := tokens(text)
	best, score := c.fallback(), 0.0
	for i := range c.labels {
		if s := c.score(i, words); s > score {
			best, score = i, s
		}
	}
	return helpdesk.Triage{
		Label: c.labels[best].Key, Priority: priority(text, words), Summary: c.summary(best, words), By: helpdesk.ByLexical,
	}
}

// fallback is the label for what fits none: "other" where there is one, else the last.
func (c *Classifier) fallback() int {
	if i := slices.IndexFunc(c.labels, func(l helpdesk.Label) bool { return l.Key == "other" }); i >= 0 {
		return i
	}
	return len(c.labels) - 1
}

func (c *Classifier) score(label int, words []string) float64 {
	sum := 0.0
	norm := k1 * (1 - b + b*float64(c.lengths[label])/c.mean)
	for _, w := range words {
		if n := float64(c.counts[label][w]); n > 0 {
			sum += c.idf[w] * n * (k1 + 1) / (n + norm)
		}
	}
	return sum
}

// summary names the label and up to four of its words that the message uses, in the taxonomy's spelling. Words of the
// message that are not in the taxonomy never appear.
func (c *Classifier) summary(label int, words []string) string {
	var seen []string
	for _, w := range words {
		if c.counts[label][w] > 0 && len(seen) < 4 && !slices.Contains(seen, c.spelling[w]) {
			seen = append(seen, c.spelling[w])
		}
	}
	s := c.labels[label].Name
	if len(seen) > 0 {
		s += ": " + strings.Join(seen, ", ")
	}
	if runes := []rune(s); len(runes) > helpdesk.MaxSummary {
		s = string(runes[:helpdesk.MaxSummary])
	}
	return s
}

// tokens splits a text into lower-case words without the commonest ones, with plural and tense endings cut.
func tokens(text string) []string {
	words := strings.FieldsFunc(strings.ToLower(text), between)
	out := make([]string, 0, min(len(words), maxTokens))
	for _, w := range words {
		if len(out) == maxTokens {
			break
		}
		if len(w) > 1 && !slices.Contains(stopWords, w) {
			out = append(out, stem(w))
		}
	}
	return out
}

var stopWords = strings.Fields("the and for you your with that this have has had was were are not but can could would my me we our us " +
	"it is in on at to of an as be by or if so do does did im no cannot need needs up out please hi hello hey thanks thank every each from who new")

func stem(w string) string {
	for _, ending := range []string{"ing", "ies", "ed", "es", "s"} {
		if cut, ok := strings.CutSuffix(w, ending); ok && len(cut) >= 3 {
			return cut
		}
	}
	return w
}
