package lexical

// Word is a word of a text, in two forms.
type Word struct {
	Plain  string // in lower case, without accents
	Stem   string // what its forms in the text's language share; "" where it is common
	Common bool   // it stands in every message
}

// Words are the words of a text in their order, stemmed in the language most of its commonest words are of.
func Words(text string) []Word {
	read := tokens(text)
	language, _ := languageOf(read)
	cut := newStemmers()
	words := make([]Word, 0, len(read))
	for _, t := range read {
		if len(t.word) > maxWord {
			continue
		}
		w := Word{Plain: t.plain, Common: t.common != 0}
		if !w.Common {
			w.Stem = cut.stem(language, t.word)
		}
		words = append(words, w)
	}
	return words
}
