// Package lexical is the embedded triage: a label by BM25 over the taxonomy's own words and over word lists in five
// languages, a priority by signals of urgency, a calibrated confidence, and a summary made of words of ours only. It is pure,
// needs no network, learns nothing from what it reads, and never quotes a message.
package lexical

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Classifier is compiled from a taxonomy. It never changes, so it may be shared.
type Classifier struct {
	labels   []helpdesk.Label
	words    *lexicon
	postings [][]posting // by term
	security []bool      // by label: what an incident belongs to
	rest     float64     // score of the label "other" before any word; 0 where there is none
}

// Result is what is known of a message without a model.
type Result struct {
	helpdesk.Triage
	// Confidence is how often a label given with it is right, from 0 to 1, as far as the shipped set of requests can tell.
	Confidence float64
}

// sure is the confidence below which a person should look: of the labels given with less, about half are wrong.
const sure = 0.5

// NeedsHuman reports whether the label is little more than a guess.
func (r Result) NeedsHuman() bool { return r.Confidence < sure }

// New compiles a taxonomy, which must not be empty. A label with the key of a starter label, or with a name that means the
// same in one of the five languages, brings that label's word lists with it.
func New(labels []helpdesk.Label) *Classifier {
	base := builtin()
	c := &Classifier{labels: labels, words: newLexicon(base.words)}
	in := make(counts, base.words.size())
	boosts := make([]float64, len(labels))
	for i, l := range labels {
		key := base.listOf(labels, l)
		boosts[i] = cmp.Or(base.boosts[key], 1)
		c.security = append(c.security, key == "security")
		for _, t := range base.terms[key] {
			in.add(t.term, i, t.weight, t.in)
		}
		for _, field := range fieldsOf(l) {
			for _, t := range tokens(field.text) {
				if len(t.plain) > 1 && (field.weight >= nameWeight || t.common == 0) {
					term := c.words.add(t, all)
					in = append(in, make(counts, c.words.size()-len(in))...)
					in.add(term, i, field.weight, all)
				}
			}
		}
	}
	c.postings = in.weigh(boosts)
	if labels[c.fallback()].Key == "other" {
		c.rest = restShare * idf(1, len(labels))
	}
	return c
}

// Triage reads a text. The result is valid for the taxonomy whatever the text is.
func (c *Classifier) Triage(text string) helpdesk.Triage { return c.Classify(text).Triage }

// Classify reads a text and says how sure it is of the label.
func (c *Classifier) Classify(text string) Result {
	room, _ := rooms.Get().(*room)
	defer room.leave()
	room.text = tokensInto(room.text, text)
	language, in := languageOf(room.text)
	said := signalsOf(room.text)
	room.found = c.words.find(room.found, room.text, language)
	found := room.found
	scores := c.scores(room, in, said.has(incident))
	best, confidence := c.decide(scores)
	usual := helpdesk.Medium
	if c.rest > 0 && best == c.fallback() && scores[best] > c.rest { // it is about something else, not about nothing we know
		usual = helpdesk.Low
	}
	return Result{
		Triage: helpdesk.Triage{
			Label: c.labels[best].Key, Priority: priority(said, usual), Summary: c.summary(best, found), By: helpdesk.ByLexical,
		},
		Confidence: confidence,
	}
}

// room is what a message is read in. It is used again, because it is most of what a triage would allocate.
type room struct {
	text  []token
	found []hit
	times map[int32]int // by term: how often it was found
}

var rooms = sync.Pool{New: func() any { return &room{times: make(map[int32]int)} }}

// leave makes room for another message; nothing of this one stays.
func (r *room) leave() {
	clear(r.text)
	clear(r.times)
	r.text, r.found = r.text[:0], r.found[:0]
	rooms.Put(r)
}

// again is what a word counts the first time and the second; after that it counts nothing.
var again = [...]float64{1, 0.5}

// scores sums what each word is worth for each label, in a text whose plain words are of the languages in. An incident is the business of the labels for security.
func (c *Classifier) scores(room *room, in set, incident bool) []float64 {
	scores := make([]float64, len(c.labels))
	scores[c.fallback()] = c.rest
	for label := range scores {
		if incident && c.security[label] {
			scores[label] = incidentScore
		}
	}
	for _, h := range room.found {
		times := room.times[h.term]
		if times == len(again) {
			continue
		}
		room.times[h.term]++
		worth := h.weight * again[times]
		for _, p := range c.postings[h.term] {
			if p.in&in != 0 {
				scores[p.label] += worth * p.weight
			}
		}
	}
	return scores
}

// decide takes the best label, the first of equals, and its share of the exponentials, which temperature calibrates.
func (c *Classifier) decide(scores []float64) (best int, confidence float64) {
	best = slices.Index(scores, slices.Max(scores))
	if scores[best] == 0 {
		best = c.fallback()
	}
	sum := 0.0
	for _, s := range scores {
		sum += math.Exp((s - scores[best]) / temperature)
	}
	return best, 1 / sum
}

// fallback is the label for what fits none.
func (c *Classifier) fallback() int { return helpdesk.Fallback(c.labels) }

// shown is how many words of a message a summary names.
const shown = 4

// summary names the label and the first of its words that the message uses, in the spelling of the taxonomy or of the word
// lists. Words of the message that are in neither never appear.
func (c *Classifier) summary(label int, found []hit) string {
	var seen []string
	for _, h := range found {
		if len(seen) == 2*shown {
			break
		}
		spelling := c.words.spelling(h.term)
		ours := slices.ContainsFunc(c.postings[h.term], func(p posting) bool { return p.label == label })
		if ours && !slices.ContainsFunc(seen, func(s string) bool { return strings.Contains(s, spelling) }) {
			seen = slices.DeleteFunc(seen, func(s string) bool { return strings.Contains(spelling, s) }) // "wi" and "fi" of "wi-fi"
			seen = append(seen, spelling)
		}
	}
	s := c.labels[label].Name
	if len(seen) > 0 {
		s += ": " + strings.Join(seen[:min(len(seen), shown)], ", ")
	}
	if runes := []rune(s); len(runes) > helpdesk.MaxSummary {
		s = string(runes[:helpdesk.MaxSummary])
	}
	return s
}
