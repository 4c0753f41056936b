package knowledge

import (
	"math"
	"slices"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/lexical"
)

// What a word of a message is worth by where the entry has it.
const (
	aboutWeight  = 1.0 // question or tags
	answerWeight = 0.3
)

// others is how many entries about something else are imagined beside those of a workspace, so that words tell something also
// where there are few.
const others = 50

// Fitted on the tune half of the shipped set by logistic regression with a ridge of 0.05, and rounded.
const (
	bias         = -6.0
	perExplained = 9.0
	perAnswered  = 2.0
	perEvidence  = 0.04
	mostEvidence = 15.0
)

// features are what the confidence is made of.
type features struct {
	explained float64 // the share of the message, by what its words tell, that the entry is about
	answered  float64 // the share of the question that stands in the message
	evidence  float64 // what the words that both have tell, as BM25 counts it
}

func (f features) confidence() float64 {
	if f.evidence == 0 {
		return 0
	}
	z := bias + perExplained*f.explained + perAnswered*f.answered + perEvidence*min(f.evidence, mostEvidence)
	return 1 / (1 + math.Exp(-z))
}

func (m Message) confidence(c helpdesk.Content, counts Counts) float64 {
	return m.compare(c, counts).confidence()
}

func (m Message) compare(c helpdesk.Content, counts Counts) (f features) {
	question, topics, answer := lexical.Terms(c.Question, entryWords), forms(about(c)), forms(lexical.Terms(c.Answer, entryWords))
	total := 0.0
	for _, w := range m.words {
		tells := counts.idf(w)
		total += tells
		switch {
		case shares(w, topics):
			f.evidence += aboutWeight * tells
		case shares(w, answer):
			f.evidence += answerWeight * tells
		}
	}
	if total > 0 {
		f.explained = f.evidence / total
	}
	said, asked := forms(m.words), 0.0
	for _, w := range question {
		tells := counts.idf(w)
		asked += tells
		if shares(w, said) {
			f.answered += tells
		}
	}
	if asked > 0 {
		f.answered /= asked
	}
	return f
}

// idf is how much a word tells: one that no entry has as much as one that a single entry has.
func (c Counts) idf(w lexical.Term) float64 {
	with := 1
	for _, form := range w.Forms {
		with = max(with, c.With[form])
	}
	return math.Log(1 + (float64(c.Entries+others)-float64(with)+0.5)/(float64(with)+0.5))
}

func forms(words []lexical.Term) map[string]bool {
	set := make(map[string]bool, 2*len(words))
	for _, w := range words {
		for _, form := range w.Forms {
			set[form] = true
		}
	}
	return set
}

func shares(w lexical.Term, set map[string]bool) bool {
	return slices.ContainsFunc(w.Forms, func(form string) bool { return set[form] })
}
