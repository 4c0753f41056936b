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

// Threshold is the similarity from which two messages speak of one thing. Two that name the same service, or the same thing by its
// number or name, and are both in trouble have it, whatever else they tell.
const Threshold = 0.78

// kind is what a feature says; see the head of concepts.txt.
type kind byte

const (
	word kind = iota
	name      // a word that is in few messages
	number
	object
	general // counts where no object is named
	thing
	own
	part
	place
	trouble
	symptom
	wish
	kinds // how many
)

// worth is what a feature counts.
var worth = [kinds]float64{word: 1, name: 2, number: 1, object: 3, general: 3, thing: 3, own: 3, part: 3, place: 1, trouble: 2, symptom: 2, wish: 1}

const (
	// mere is what an overlap counts that shows no trouble that we know, or is of a thing that no number tells from others: two rooms
	// of one building differ in a single word.
	mere = 0.85
	// face is what two troubles count, next to the same one: one sees the service slow, the other sees nothing of it.
	face = 0.75
)

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
		if lacking(words[:i]) && slices.ContainsFunc(found, func(f feature) bool { return f.kind == object || f.kind == general }) {
			found = append(found, feature{trouble, hash("broken")}) // "no internet"
		}
		for _, f := range found {
			if len(s.features) < most && !slices.Contains(s.features, f) {
				s.features = append(s.features, f)
			}
		}
	}
	if s.has(object) {
		s.features = slices.DeleteFunc(s.features, func(f feature) bool { return f.kind == general })
	}
	slices.SortFunc(s.features, func(a, b feature) int { return cmp.Or(cmp.Compare(a.kind, b.kind), cmp.Compare(a.hash, b.hash)) })
	return s
}

// lacking reports whether words end by saying that what follows is not there: "no internet", "no hay internet".
func lacking(words []lexical.Word) bool {
	last := len(words) - 1
	return last >= 0 && (lacks[words[last].Plain] || words[last].Common && last > 0 && lacks[words[last-1].Plain])
}

// when reports whether a word is a number that tells a time: two who write at the same moment look at different clocks.
func when(words []lexical.Word, i int) bool {
	if !isNumber(words[i]) {
		return false
	}
	return i > 0 && since[words[i-1].Plain] || i+1 < len(words) && units[words[i+1].Plain]
}

func isNumber(w lexical.Word) bool { return strings.ContainsFunc(w.Plain, unicode.IsDigit) }

// kindNames are the kinds as concepts.txt names them; what is denied is another word for trouble.
var kindNames = map[string]kind{
	"object": object, "general": general, "thing": thing, "own": own, "part": part, "place": place, "trouble": trouble, "negated": trouble, "symptom": symptom, "wish": wish,
}

// featuresOf are those of a word: what it means where that is known, else its stem.
func featuresOf(w lexical.Word, denied bool) (found []feature) {
	meant := meaning(w.Plain)
	for _, m := range meant {
		if k, says := kindNames[m.kind]; says && (denied || m.kind != "negated") {
			found = append(found, feature{k, hash(m.name)})
		}
	}
	common := slices.Contains(meant, everyday)
	switch {
	case len(found) > 0 || w.Common || len(meant) > 0 && !common:
		return found
	case isNumber(w):
		return []feature{{number, hash(ordinal.ReplaceAllString(w.Plain, "$1"))}}
	case len(w.Plain) < 3:
		return nil
	case common:
		return []feature{{word, hash(w.Stem)}}
	}
	return []feature{{name, hash(w.Stem)}}
}

// ordinal is a number with what makes it one of a row: the 3rd floor is floor 3.
var ordinal = regexp.MustCompile(`^(\d+)(st|nd|rd|th|e|er|re|eme|o|a|ter|te)$`)

func hash(s string) uint32 {
	h := fnv.New32a()
	_, _ = h.Write([]byte(s))
	return h.Sum32()
}

// Similarity is how much two messages have in common, from 0 to 1. It is 0 where they cannot be of one incident: they are about
// different things or different parts of one; both name numbers, as of floors, rooms and errors, but none in common; nothing
// says that they speak of the same; or nothing is wrong.
func Similarity(a, b Sketch) float64 {
	shared := a.shared(b)
	apart := func(k kind) bool { return shared[k] == 0 && a.has(k) && b.has(k) }
	alike := func(k kind) bool { return a.has(k) == b.has(k) }
	said := shared[word] + shared[name] + shared[number]
	subject := shared[object] + shared[name]
	troubled := a.has(trouble) && b.has(trouble)
	wrong := troubled || shared[symptom] > 0
	switch {
	case slices.ContainsFunc([]kind{symptom, object, general, thing, own, part}, apart),
		apart(number) && (a.has(thing) || b.has(thing) || subject == 0),
		shared[object]+shared[general]+said == 0, // also what has no features
		!wrong && (said < 2 || !alike(wish) || !alike(trouble)):
		return 0
	}
	dice := 2 * a.common(b, shared) / (a.weight() + b.weight())
	switch {
	case !wrong,
		shared[thing]+shared[own] > 0 && shared[number]+shared[name] == 0,
		shared[general] > 0 && !alike(place):
		return mere * dice
	case !troubled, slices.ContainsFunc([]kind{part, own, thing}, func(k kind) bool { return a.count(k) != b.count(k) }):
		return dice
	case subject > 0, shared[thing] > 0 && shared[number] > 0, shared[general] > 0 && !apart(name):
		return Threshold + (1-Threshold)*dice
	}
	return dice
}

// common is what both say, by its worth.
func (s Sketch) common(other Sketch, shared [kinds]int) (sum float64) {
	for k, n := range shared {
		if kind(k) != trouble {
			sum += float64(n) * worth[k]
		}
	}
	switch {
	case shared[trouble] > 0:
		sum += worth[trouble]
	case s.has(trouble) && other.has(trouble):
		sum += face * worth[trouble]
	}
	return sum
}

// shared counts what both have, by kind.
func (s Sketch) shared(other Sketch) (n [kinds]int) {
	for _, f := range s.features {
		if slices.Contains(other.features, f) {
			n[f.kind]++
		}
	}
	return n
}

func (s Sketch) has(k kind) bool { return s.count(k) > 0 }

func (s Sketch) count(k kind) (n int) {
	for _, f := range s.features {
		if f.kind == k {
			n++
		}
	}
	return n
}

// weight is what all that a message says is worth; trouble counts once, however many words are made of it.
func (s Sketch) weight() (sum float64) {
	for _, f := range s.features {
		if f.kind != trouble {
			sum += worth[f.kind]
		}
	}
	if s.has(trouble) {
		sum += worth[trouble]
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
		if kind(f[0]) >= kinds {
			return s, errForm
		}
		s.features = append(s.features, feature{kind(f[0]), binary.BigEndian.Uint32(f[1:])})
	}
	return s, nil
}
