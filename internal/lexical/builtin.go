package lexical

import (
	_ "embed"
	"iter"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// The data; each file says its form in its head.
var (
	//go:embed data/words.txt
	wordsFile string
	//go:embed data/common.txt
	commonFile string
	//go:embed data/urgency.txt
	urgencyFile string
)

// lists are the word lists of the starter labels, compiled.
type lists struct {
	words  *lexicon
	terms  map[string][]entry // key of a starter label → its terms, with their weight
	boosts map[string]float64 // key → how much more than others its words are worth
	names  map[string]string  // word of a name → the key of the list that it stands for
}

// builtin compiles the lists once; they never change.
var builtin = sync.OnceValue(func() *lists {
	b := &lists{words: newLexicon(nil), terms: make(map[string][]entry), boosts: make(map[string]float64), names: make(map[string]string)}
	key := ""
	for kind, said := range lines(wordsFile) {
		switch kind {
		case "label":
			name, boost, _ := strings.Cut(said, " ")
			key = name
			if n, err := strconv.ParseFloat(boost, 64); err == nil {
				b.boosts[key] = n
			}
		case "names":
			for name := range phrases(said) {
				for _, t := range name {
					b.names[t.plain] = key
				}
			}
		default:
			b.learn(key, kind, said)
		}
	}
	return b
})

// learn adds a line of a label's words.
func (b *lists) learn(key, kind, said string) {
	name, strong := strings.CutSuffix(kind, "!")
	in := of(language(slices.Index(languageNames[:], name)))
	for phrase, spelling := range phrases(said) {
		words := slices.DeleteFunc(phrase, func(t token) bool { return knownWords()[t.plain].common&in != 0 || len(t.plain) < 2 })
		if len(words) == 0 {
			continue
		}
		e := entry{b.words.addPhrase(words, in, spelling), plainWeight, in}
		if strong {
			e.weight, e.in = strongWeight, all
		}
		if i := slices.IndexFunc(b.terms[key], func(known entry) bool { return known.term == e.term }); i >= 0 {
			known := &b.terms[key][i]
			known.weight, known.in = max(known.weight, e.weight), known.in|e.in
			continue
		}
		b.terms[key] = append(b.terms[key], e)
	}
}

// entry is a word of a list. Where it says it all it counts in texts of all languages, else in those of its own: many a word
// means something else next door.
type entry struct {
	term   int32
	weight float64
	in     set
}

// listOf is the key of the word list that a label brings: its own, or the one that every word of its name stands for, unless
// another label has it. It is "" where there is none.
func (b *lists) listOf(labels []helpdesk.Label, l helpdesk.Label) string {
	if b.terms[l.Key] != nil {
		return l.Key
	}
	key := ""
	for _, t := range tokens(l.Name) {
		if t.common != 0 || len(t.plain) < 2 {
			continue
		}
		stands, ok := b.names[t.plain]
		if !ok || key != "" && key != stands {
			return ""
		}
		key = stands
	}
	if helpdesk.Known(labels, key) {
		return ""
	}
	return key
}

// known is what the data say of a word, whatever stands around it.
type known struct {
	common set   // the languages in which it is a word of every message
	begins *node // the phrases of urgency that begin with it
}

// knownWords compiles the common words and the beginnings of phrases once; they never change.
var knownWords = sync.OnceValue(func() map[string]known {
	words := make(map[string]known)
	for word, phrases := range urgency().next {
		words[word] = known{begins: phrases}
	}
	for name, said := range lines(commonFile) {
		for _, word := range strings.Fields(said) {
			word = withoutAccents(word)
			w := words[word]
			w.common |= of(language(slices.Index(languageNames[:], name)))
			words[word] = w
		}
	}
	return words
})

// lines are the first words of a file's lines and what follows them, without comments.
func lines(file string) iter.Seq2[string, string] {
	return func(yield func(string, string) bool) {
		for line := range strings.Lines(file) {
			line = strings.TrimSpace(line)
			if line == "" || line[0] == '#' {
				continue
			}
			kind, said, _ := strings.Cut(line, " ")
			if !yield(kind, said) {
				return
			}
		}
	}
}

// phrases are the words of each phrase of a line, and its spelling.
func phrases(said string) iter.Seq2[[]token, string] {
	return func(yield func([]token, string) bool) {
		for phrase := range strings.SplitSeq(said, ",") {
			phrase = strings.TrimSpace(phrase)
			if !yield(split(phrase), phrase) {
				return
			}
		}
	}
}
