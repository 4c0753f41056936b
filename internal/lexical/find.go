package lexical

import (
	"slices"
	"strings"
)

// maxWords bounds the work on a long message, without the words of every message; what it is about is said early.
const maxWords = 150

// find looks up the words of a text in a language, and the phrases that they make, and appends what it found to hits.
func (l *lexicon) find(hits []hit, text []token, in language) []hit {
	f := finder{l, in, newStemmers()}
	said, saying := int32(0), false
	words := 0
	for i := range text {
		t := &text[i]
		if len(t.plain) < 2 || t.common&(of(in)|of(en)) != 0 {
			continue
		}
		if words++; words > maxWords {
			break
		}
		before := len(hits)
		hits = f.word(hits, t)
		if len(hits) != before+1 {
			saying = false
			continue
		}
		next := hits[before].term
		if saying {
			if term, ok := l.phrase(said, next); ok {
				hits = append(hits, hit{term, 1})
				said = term
				continue
			}
		}
		said, saying = next, true
	}
	return hits
}

// finder looks up words. What it costs is bounded: a message of 2 kB must take less than 200 µs.
type finder struct {
	*lexicon
	in    language
	stems stemmers
}

// word adds the term of a word, or the two of a compound; none where nothing is like it.
func (f finder) word(hits []hit, t *token) []hit {
	if len(t.word) > maxWord {
		return hits
	}
	may := f.begins.may(t.plain)
	if may {
		if term, ok := f.form(written, t.plain); ok {
			return append(hits, hit{term, 1})
		}
		if term, ok := f.stemmed(t); ok {
			return append(hits, hit{term, 1})
		}
	}
	if f.in == de && len(t.plain) >= minCompound {
		if more := f.compound(hits, t); len(more) > len(hits) {
			return more
		}
	}
	if may && t.common == 0 {
		if term, ok := f.typo(t.plain); ok {
			return append(hits, hit{term, typoWeight})
		}
	}
	return hits
}

// stemmed is a word in another form of the text's language, or the plural of an English word, which stand in all.
func (f finder) stemmed(t *token) (int32, bool) {
	if term, ok := f.form(f.in, f.stems.stem(f.in, t.word)); ok {
		return term, true
	}
	if one, ok := strings.CutSuffix(t.plain, "s"); ok && f.in != en {
		return f.form(written, one)
	}
	return 0, false
}

// compound takes a German word apart: the longest known beginning, and the longest known end after it.
func (f finder) compound(parts []hit, t *token) []hit {
	rest := 0
	for i := len(t.plain) - minPart; i >= minPart; i-- {
		if term, ok := f.form(written, t.plain[:i]); ok {
			parts, rest = append(parts, hit{term, compoundWeight}), i
			break
		}
	}
	for i := max(rest, minPart); i <= len(t.plain)-minPart; i++ {
		end := t.plain[i:]
		term, ok := f.form(written, end)
		if !ok && f.begins.may(end) {
			term, ok = f.form(de, f.stems.stem(de, end))
		}
		if ok {
			return append(parts, hit{term, compoundWeight})
		}
	}
	return parts
}

// typo is the form that s becomes by one letter more, less or other, or by two letters that change places; the first
// letters are right.
func (f finder) typo(s string) (int32, bool) {
	if len(s) < minTypo {
		return 0, false
	}
	for i := len(s); i >= sureLetters; i-- {
		cut := s
		if i < len(s) {
			cut = s[:i] + s[i+1:]
		}
		for l := f.lexicon; l != nil; l = l.below {
			near := l.typos[cut]
			if at := slices.IndexFunc(near, func(form string) bool { return oneTypo(form, s) }); at >= 0 {
				return l.form(written, near[at])
			}
		}
	}
	return 0, false
}

// oneTypo reports whether two words differ in one place only, and not at the end, where forms of another word differ.
func oneTypo(a, b string) bool {
	if a[len(a)-1] != b[len(b)-1] {
		return false
	}
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) <= 1 && len(b) <= 1 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}
