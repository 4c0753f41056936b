package lexical

import (
	"math"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// BM25's parameters: how fast repetition saturates, and how much a label's length counts. The lists are about equally long,
// and a label that an admin wrote in three words must not lose to them, so length counts little.
const (
	k1 = 2.5
	b  = 0.3
)

// What one occurrence counts for, by where it stands (BM25F).
const (
	nameWeight        = 4
	descriptionWeight = 1
	exampleWeight     = 0.5
	strongWeight      = 4 // a word list, where the word says it all
	plainWeight       = 1
)

// Fitted on the tune half of the shipped set: restShare is what the label for the rest has before any word, as a share of the
// idf of a word that only one label has; incidentScore is what a sign of an incident is worth for security; temperature makes
// the confidence agree with how often the label is right. The temperature is that of the word lists before they were tuned on
// that half, because afterwards they know it too well to tell how they do on anything else.
const (
	restShare     = 0.5
	incidentScore = 3.5
	temperature   = 1.3
)

// posting is what a word is worth for a label, in texts of some languages.
type posting struct {
	label  int
	weight float64
	in     set
}

// field is a part of a label with the weight of its words.
type field struct {
	text   string
	weight float64
}

func fieldsOf(l helpdesk.Label) []field {
	fields := []field{{l.Name, nameWeight}, {l.Key, nameWeight}, {l.Description, descriptionWeight}}
	for _, e := range l.Examples {
		fields = append(fields, field{e, exampleWeight})
	}
	return fields
}

// counts are how often each term stands in each label.
type counts [][]posting

func (c counts) add(term int32, label int, n float64, in set) {
	for i := range c[term] {
		if p := &c[term][i]; p.label == label {
			p.weight += n
			p.in |= in
			return
		}
	}
	c[term] = append(c[term], posting{label, n, in})
}

// weigh turns counts into what each word is worth, by BM25: rare among labels is worth much, often in one label more.
// What a label's words are worth is multiplied with its boost.
func (c counts) weigh(boosts []float64) [][]posting {
	lengths, mean := make([]float64, len(boosts)), 0.0
	for _, in := range c {
		for _, p := range in {
			lengths[p.label] += p.weight
			mean += p.weight / float64(len(boosts))
		}
	}
	for _, in := range c {
		for i, p := range in {
			in[i].weight = boosts[p.label] * idf(len(in), len(boosts)) * p.weight * (k1 + 1) / (p.weight + k1*(1-b+b*lengths[p.label]/mean))
		}
	}
	return c
}

// idf is how much a term tells that stands in so many labels of all.
func idf(in, labels int) float64 {
	return math.Log(1 + (float64(labels)-float64(in)+0.5)/(float64(in)+0.5))
}
