package lexical

import "slices"

// find looks up the words of a text in a language, and the phrases that they make.
func (l *lexicon) find(text []token, in language) []hit {
	f := finder{l, in, newStemmers()}
	var hits []hit
	said, saying := int32(0), false
	for _, t := range text {
		found := f.word(t)
		hits = append(hits, found...)
		if len(found) != 1 {
			saying = false
			continue
		}
		next := found[0].term
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

// word is the term of a word, or the two of a compound; none where nothing is like it.
func (f finder) word(t token) []hit {
	if len(t.word) > maxWord {
		return nil
	}
	if term, ok := f.exactly(t); ok {
		return []hit{{term, 1}}
	}
	if f.in == de && len(t.plain) >= minCompound {
		if parts := f.compound(t); parts != nil {
			return parts
		}
	}
	if term, ok := f.typo(t.plain); ok && t.common == 0 {
		return []hit{{term, typoWeight}}
	}
	return nil
}

// exactly is a word in one of its forms, in the text's language or in English, whose words stand in all.
func (f finder) exactly(t token) (int32, bool) {
	if term, ok := f.form(t.plain); ok {
		return term, true
	}
	if !f.may(t.plain) {
		return 0, false
	}
	if term, ok := f.form(f.stems.stem(f.in, t.word)); ok || f.in == en {
		return term, ok
	}
	return f.form(f.stems.stem(en, t.word))
}

// may reports whether any form begins as s does.
func (f finder) may(s string) bool {
	if len(s) < 3 {
		return false
	}
	for l := f.lexicon; l != nil; l = l.below {
		if _, ok := l.begins[[3]byte([]byte(s[:3]))]; ok {
			return true
		}
	}
	return false
}

// compound takes a German word apart: the longest known beginning, and the longest known end after it.
func (f finder) compound(t token) (parts []hit) {
	rest := 0
	for i := len(t.plain) - minPart; i >= minPart; i-- {
		if term, ok := f.form(t.plain[:i]); ok {
			parts, rest = append(parts, hit{term, compoundWeight}), i
			break
		}
	}
	for i := max(rest, minPart); i <= len(t.plain)-minPart; i++ {
		end := t.plain[i:]
		term, ok := f.form(end)
		if !ok && f.may(end) {
			term, ok = f.form(f.stems.stem(de, end))
		}
		if ok {
			return append(parts, hit{term, compoundWeight})
		}
	}
	return parts
}

// typo is the form that s becomes by one letter more, less or other, or by two letters that change places; the first letter
// is right.
func (f finder) typo(s string) (int32, bool) {
	if len(s) < minTypo {
		return 0, false
	}
	for i := len(s); i > 0; i-- {
		cut := s
		if i < len(s) {
			cut = s[:i] + s[i+1:]
		}
		for l := f.lexicon; l != nil; l = l.below {
			near := l.typos[cut]
			if at := slices.IndexFunc(near, func(form string) bool { return oneTypo(form, s) }); at >= 0 {
				return l.form(near[at])
			}
		}
	}
	return 0, false
}

// oneTypo reports whether two words differ in one place only.
func oneTypo(a, b string) bool {
	for len(a) > 0 && len(b) > 0 && a[0] == b[0] {
		a, b = a[1:], b[1:]
	}
	for len(a) > 0 && len(b) > 0 && a[len(a)-1] == b[len(b)-1] {
		a, b = a[:len(a)-1], b[:len(b)-1]
	}
	return len(a) <= 1 && len(b) <= 1 || len(a) == 2 && len(b) == 2 && a[0] == b[1] && a[1] == b[0]
}
