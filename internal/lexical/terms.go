package lexical

import "slices"

// Term is a word of a text that says what the text is about, in the forms by which another text may mean the same: as it is
// written, without accents, and its stem. Where nothing tells the text's language, the stems are those of all.
type Term struct{ Forms []string }

// Terms are the words of a text in their order, without those of every message and without numbers alone, each once, at
// most limit of them.
func Terms(text string, limit int) (words []Term) {
	read := tokens(text)
	_, in := languageOf(read)
	stems := newStemmers()
	seen := make(map[string]bool)
	for i := range read {
		t := &read[i]
		if len(t.plain) < 2 || len(t.word) > maxWord || t.common != 0 || seen[t.plain] || isNumber(t.plain) {
			continue
		}
		if len(words) == limit {
			break
		}
		seen[t.plain] = true
		w := Term{Forms: []string{t.plain}}
		for l := range languages {
			if in&of(l) == 0 {
				continue
			}
			// Without the language: names of products mean the same in all.
			if stem := stems.stem(l, t.word); len(stem) > 1 && !slices.Contains(w.Forms, stem) {
				w.Forms = append(w.Forms, stem)
			}
		}
		words = append(words, w)
	}
	return words
}

func isNumber(word string) bool {
	return !slices.ContainsFunc([]byte(word), func(b byte) bool { return b < '0' || b > '9' })
}
