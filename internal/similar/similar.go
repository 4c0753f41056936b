// Package similar tells whether two messages speak of the same thing. Of each it keeps a sketch of bounded size, from which
// nothing of the message can be read but by guessing its words, so a sketch is content: it is sealed and dies with the text.
// It is pure, knows five languages, and would rather miss a pair than call two different things one.
package similar

import (
	"cmp"
	"encoding/binary"
	"errors"
	"hash/fnv"
	"regexp"
	"slices"
	"strings"
	"unicode"

	"github.com/echo-synch/echo-synch/internal/lexical"
)

// Threshold is the similarity from which two messages speak of one thing: the least at which no pair of the test is called
// similar that is not. Where both name a thing and its trouble, it allows two or three words that only one of them says.
const Threshold = 0.78

// kind is what a feature says.
type kind byte

const (
	word kind = iota
	number
	object  // what it is about, and all share
	thing   // what it is about, and there are many of
	part    // which part of it
	symptom // what is wrong with it
	wish    // somebody wants something, rather than misses it
)

// worth is what a feature counts.
var worth = map[kind]float64{word: 1, number: 1, object: 3, thing: 3, part: 3, symptom: 2, wish: 1}

// mere is what an overlap counts that shows no trouble that we know: two rooms of one building differ in a single word.
const mere = 0.85

// feature is a word or what it means, as a hash.
type feature struct {
	kind kind
	hash uint32
}

const (
	size = 5  // bytes of a feature in a sketch
	most = 48 // features of a sketch: the first ones of a long message say what it is about
)

// Sketch is what is kept of a message: at most [MaxSketch] bytes.
type Sketch struct{ features []feature }

// MaxSketch is the longest sketch, in bytes.
const MaxSketch = size * most

// placeholder is what a redaction leaves in the place of what it took out.
var placeholder = regexp.MustCompile(`\[[A-Z -]+-\d+\]`)

// Of makes the sketch of a text, which should be redacted.
func Of(text string) Sketch {
	words := lexical.Words(placeholder.ReplaceAllString(text, " "))
	denied := slices.ContainsFunc(words, func(w lexical.Word) bool { return negations[w.Plain] })
	var s Sketch
	for i, w := range words {
		if when(words, i) {
			continue
		}
		found := featuresOf(w, denied)
		if i > 0 && lacks[words[i-1].Plain] && slices.ContainsFunc(found, func(f feature) bool { return f.kind == object }) {
			found = append(found, feature{symptom, hash("broken")}) // "no internet"
		}
		for _, f := range found {
			if len(s.features) < most && !slices.Contains(s.features, f) {
				s.features = append(s.features, f)
			}
		}
	}
	slices.SortFunc(s.features, func(a, b feature) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.hash, b.hash)) })
	return s
}

// when reports whether a word is a number that tells a time: two who write at the same moment look at different clocks.
func when(words []lexical.Word, i int) bool {
	if !isNumber(words[i]) {
		return false
	}
	return i > 0 && since[words[i-1].Plain] || i+1 < len(words) && units[words[i+1].Plain]
}

func isNumber(w lexical.Word) bool { return strings.ContainsFunc(w.Plain, unicode.IsDigit) }

// featuresOf are those of a word: what it means where that is known, else its stem.
func featuresOf(w lexical.Word, denied bool) (found []feature) {
	meant := meaning(w.Plain)
	for _, m := range meant {
		switch {
		case m.kind == "object":
			found = append(found, feature{object, hash(m.name)})
		case m.kind == "thing":
			found = append(found, feature{thing, hash(m.name)})
		case m.kind == "part":
			found = append(found, feature{part, hash(m.name)})
		case m.kind == "symptom", m.kind == "negated" && denied:
			found = append(found, feature{symptom, hash(m.name)})
		case m.kind == "wish":
			found = append(found, feature{wish, hash(m.name)})
		}
	}
	switch {
	case len(meant) > 0 || w.Common:
		return found
	case isNumber(w):
		return []feature{{number, hash(w.Plain)}}
	case len(w.Plain) < 3:
		return nil
	}
	return []feature{{word, hash(w.Stem)}}
}

func hash(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32()
}

// Similarity is how much two messages have in common, from 0 to 1. It is 0 where they cannot be of one incident: they are
// about different things, or different troubles; both name numbers, as of floors, rooms and errors, but none in common; or it
// is a thing of which there are many, and nothing says that it is the same.
func Similarity(a, b Sketch) float64 {
	shared := a.shared(b)
	apart := func(k kind) bool { return shared[k] == 0 && a.has(k) && b.has(k) }
	said := shared[word] + shared[number]
	switch {
	case len(a.features) == 0 || len(b.features) == 0,
		apart(number), apart(symptom), apart(object), apart(thing),
		shared[thing] > 0 && said == 0,
		shared[symptom] == 0 && (said < 2 || a.has(wish) != b.has(wish)):
		return 0
	}
	common := 0.0
	for k, n := range shared {
		common += float64(n) * worth[kind(k)]
	}
	dice := 2 * common / (a.weight() + b.weight())
	if shared[symptom] == 0 {
		return mere * dice
	}
	return dice
}

// shared counts what both have, by kind.
func (s Sketch) shared(other Sketch) (n [wish + 1]int) {
	for _, f := range s.features {
		if slices.Contains(other.features, f) {
			n[f.kind]++
		}
	}
	return n
}

func (s Sketch) has(k kind) bool {
	return slices.ContainsFunc(s.features, func(f feature) bool { return f.kind == k })
}

func (s Sketch) weight() (sum float64) {
	for _, f := range s.features {
		sum += worth[f.kind]
	}
	return sum
}

// Bytes is a sketch to be sealed.
func (s Sketch) Bytes() []byte {
	out := make([]byte, 0, len(s.features)*size)
	for _, f := range s.features {
		out = binary.BigEndian.AppendUint32(append(out, byte(f.kind)), f.hash)
	}
	return out
}

// errForm: bytes that are no sketch of this version.
var errForm = errors.New("read sketch: not the form of one")

// Read is the sketch that [Sketch.Bytes] has written.
func Read(raw []byte) (s Sketch, err error) {
	if len(raw)%size != 0 || len(raw) > MaxSketch {
		return s, errForm
	}
	for f := range slices.Chunk(raw, size) {
		if kind(f[0]) > wish {
			return s, errForm
		}
		s.features = append(s.features, feature{kind(f[0]), binary.BigEndian.Uint32(f[1:])})
	}
	return s, nil
}
