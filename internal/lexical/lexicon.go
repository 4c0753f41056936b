package lexical

import "slices"

// lexicon knows words and phrases by all forms in which they may be met. It stands on another one, which it does not change.
type lexicon struct {
	below   *lexicon
	first   int32                           // the first term that is its own
	shown   []string                        // spelling of its own terms
	forms   [languages + 1]map[string]int32 // by language, for a stem is no word, nor one of another language: a form → its term
	phrases map[[2]int32]int32              // what is said so far, next word → the phrase's term
	typos   map[string][]string             // a form without one of its letters → the forms
	begins  beginnings                      // those below included
	stems   stemmers                        // for adding only
}

// hit is a term that was found. Weight is 1 unless the word had to be guessed.
type hit struct {
	term   int32
	weight float64
}

const (
	typoWeight     = 0.7
	compoundWeight = 0.8
	sureLetters    = 3  // at the beginning, in which no typo is looked for
	minTypo        = 5  // letters; one wrong letter in less makes another word
	minCompound    = 8  // letters of a word that may be made of two
	minPart        = 4  // letters of its parts
	maxWord        = 40 // bytes; longer ones are not words
)

func newLexicon(below *lexicon) *lexicon {
	l := &lexicon{below: below, phrases: make(map[[2]int32]int32), typos: make(map[string][]string), stems: newStemmers()}
	for of := range l.forms {
		l.forms[of] = make(map[string]int32)
	}
	if below != nil {
		l.first, l.begins = int32(below.size()), below.begins
	}
	return l
}

// size is the number of terms, those below included.
func (l *lexicon) size() int { return int(l.first) + len(l.shown) }

func (l *lexicon) spelling(term int32) string {
	if term < l.first {
		return l.below.spelling(term)
	}
	return l.shown[term-l.first]
}

func (l *lexicon) form(of language, s string) (int32, bool) {
	for ; l != nil; l = l.below {
		if term, ok := l.forms[of][s]; ok {
			return term, true
		}
	}
	return 0, false
}

func (l *lexicon) phrase(said, next int32) (int32, bool) {
	for ; l != nil; l = l.below {
		if term, ok := l.phrases[[2]int32{said, next}]; ok {
			return term, true
		}
	}
	return 0, false
}

// add makes a word known, with its stems in the given languages, and returns its term.
func (l *lexicon) add(t token, in set) int32 {
	if term, ok := l.form(written, t.plain); ok {
		return term
	}
	type form struct {
		of language
		s  string
	}
	forms := []form{{written, t.plain}}
	if len(t.word) <= maxWord {
		for lang := range languages {
			if in&of(lang) != 0 {
				forms = append(forms, form{lang, l.stems.stem(lang, t.word)}, form{lang, l.stems.stem(lang, t.plain)})
			}
		}
	}
	term, known := int32(0), false
	for _, f := range forms {
		if term, known = l.form(f.of, f.s); known {
			break
		}
	}
	if !known {
		term = l.newTerm(t.word)
	}
	for _, f := range forms {
		if _, ok := l.form(f.of, f.s); !ok {
			l.forms[f.of][f.s] = term
		}
	}
	l.expect(t.plain)
	return term
}

func (l *lexicon) newTerm(spelling string) int32 {
	l.shown = append(l.shown, spelling)
	return int32(l.size()) - 1
}

// expect makes a form known to the searches that are not exact.
func (l *lexicon) expect(form string) {
	l.begins.add(form)
	if len(form) < minTypo || len(form) > maxWord || slices.Contains(l.typos[form], form) {
		return
	}
	l.typos[form] = append(l.typos[form], form)
	for i := sureLetters; i < len(form); i++ { // the first letters are seldom wrong
		cut := form[:i] + form[i+1:]
		l.typos[cut] = append(l.typos[cut], form)
	}
}

// addPhrase makes words in a row known as one term.
func (l *lexicon) addPhrase(words []token, in set, spelling string) int32 {
	said := l.add(words[0], in)
	for i, w := range words[1:] {
		next := l.add(w, in)
		term, ok := l.phrase(said, next)
		if !ok {
			term = l.newTerm(spelling)
			l.phrases[[2]int32{said, next}] = term
		}
		said = term
		if i == len(words)-2 {
			l.shown[term-l.first] = spelling
		}
	}
	return said
}
