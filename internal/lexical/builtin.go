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
	terms  map[string][]hit   // key of a starter label → its terms, with their weight
	boosts map[string]float64 // key → how much more than others its words are worth
	names  map[string]string  // word of a name → the key of the list that it stands for
}

// builtin compiles the lists once; they never change.
var builtin = sync.OnceValue(func() *lists {
	b := &lists{words: newLexicon(nil), terms: make(map[string][]hit), boosts: make(map[string]float64), names: make(map[string]string)}
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
		words := slices.DeleteFunc(phrase, func(t token) bool { return t.common&in != 0 || len(t.plain) < 2 })
		if len(words) == 0 {
			continue
		}
		term := b.words.addPhrase(words, in, spelling)
		weight := float64(plainWeight)
		if strong {
			weight = strongWeight
		}
		if i := slices.IndexFunc(b.terms[key], func(h hit) bool { return h.term == term }); i < 0 {
			b.terms[key] = append(b.terms[key], hit{term, weight})
		} else {
			b.terms[key][i].weight = max(b.terms[key][i].weight, weight)
		}
	}
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

// commonWords says in which languages a word is one of every message.
var commonWords = sync.OnceValue(func() map[string]set {
	common := make(map[string]set)
	for name, said := range lines(commonFile) {
		for _, word := range strings.Fields(said) {
			common[withoutAccents(strings.ReplaceAll(word, "'", ""))] |= of(language(slices.Index(languageNames[:], name)))
		}
	}
	return common
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
			if !yield(tokens(phrase), phrase) {
				return
			}
		}
	}
}
