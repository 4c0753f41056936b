package lexical

import (
	"math/bits"

	"github.com/blevesearch/snowballstem"
	"github.com/blevesearch/snowballstem/english"
	"github.com/blevesearch/snowballstem/french"
	"github.com/blevesearch/snowballstem/german"
	"github.com/blevesearch/snowballstem/italian"
	"github.com/blevesearch/snowballstem/spanish"
)

// language is one of those whose words we know.
type language uint8

// The languages, as the data files name them.
const (
	en language = iota
	de
	fr
	es
	it
	languages             // how many
	written   = languages // of none: a word as it is written
)

var languageNames = [languages]string{"en", "de", "fr", "es", "it"}

// set is a set of languages.
type set uint8

const all set = 1<<languages - 1

func of(l language) set { return 1 << l }

// languageOf is the language most of whose commonest words a text has: English where none has, or as many as in others. in are
// the languages whose plain words count: that one, or all where nothing is known.
func languageOf(text []token) (best language, in set) {
	var votes [languages]float64
	for i := range text {
		common := text[i].common
		for l := range languages {
			if common&of(l) != 0 { // a word that several languages share says less
				votes[l] += 1 / float64(bits.OnesCount8(uint8(common)))
			}
		}
	}
	in = all
	for l, n := range votes {
		if n > votes[best] {
			best = language(l)
		}
	}
	if votes[best] > 0 {
		in = of(best)
	}
	return best, in
}

// stemmers cut words of all languages down to what their forms share. Not for two goroutines.
type stemmers struct{ env *snowballstem.Env }

func newStemmers() stemmers { return stemmers{snowballstem.NewEnv("")} }

// stem is the stem of a word in a language, without accents.
func (s stemmers) stem(l language, word string) string {
	s.env.SetCurrent(word)
	switch l {
	case de:
		german.Stem(s.env)
	case fr:
		french.Stem(s.env)
	case es:
		spanish.Stem(s.env)
	case it:
		italian.Stem(s.env)
	default:
		english.Stem(s.env)
	}
	return withoutAccents(s.env.Current())
}
