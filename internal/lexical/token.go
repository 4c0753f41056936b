package lexical

import (
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"
)

// token is a word of a text.
type token struct {
	word   string // in lower case, without apostrophes
	plain  string // word without accents
	before gap
	known
}

// gap is what stands between a word and the one before it.
type gap uint8

// Punctuation ends a phrase; the end of a line, too, ends what a negation takes back.
const (
	space gap = iota
	lineEnd
	punctuation
)

// elisions are what French and Italian put before an apostrophe; the word is what follows.
var elisions = strings.Fields("l d j n s t m c qu lorsqu jusqu puisqu quelqu un dell all nell sull dall quell bell quest dov cos com")

// tokens splits a text into words. Apostrophes go, because phones write their own kind and haste writes none.
func tokens(text string) []token { return tokensInto(nil, text) }

// tokensInto is tokens in the space of a slice that is empty.
func tokensInto(out []token, text string) []token {
	out = splitInto(out, text)
	words := knownWords()
	for i := range out {
		out[i].known = words[out[i].plainOrMany()]
	}
	return out
}

// split is tokens before anything is known of them.
func split(text string) []token { return splitInto(nil, text) }

func splitInto(out []token, text string) []token {
	if cap(out) == 0 {
		out = make([]token, 0, len(text)/5+1)
	}
	text = strings.ToLower(text)
	before := punctuation
	for i := 0; i < len(text); {
		end, apostrophe := wordEnd(text[i:])
		if end == 0 {
			r, size := utf8.DecodeRuneInString(text[i:])
			before = max(before, gapOf(r))
			i += size
			continue
		}
		t := token{word: text[i : i+end], before: before}
		if apostrophe {
			t.word = withoutApostrophes(t.word)
		}
		t.plain = withoutAccents(t.word)
		out = append(out, t)
		i += end
		before = space
	}
	return out
}

func gapOf(r rune) gap {
	switch {
	case r == ' ':
		return space
	case r == '\n':
		return lineEnd
	case unicode.IsPunct(r) && r != '\'' && r != '’' && r != '-':
		return punctuation
	}
	return space
}

// wordEnd is how many bytes at the beginning of s are one word: letters and digits, apostrophes between them.
func wordEnd(s string) (end int, apostrophe bool) {
	for i := 0; i < len(s); {
		r, size := rune(s[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(s[i:])
		}
		switch {
		case 'a' <= r && r <= 'z', '0' <= r && r <= '9':
			end = i + size
		case r == '\'' || r == '’':
			if end != i || end == 0 {
				return end, apostrophe
			}
		case r >= utf8.RuneSelf && (unicode.IsLetter(r) || unicode.IsDigit(r) || end > 0 && unicode.Is(unicode.Mn, r)):
			end = i + size
		default:
			return end, apostrophe
		}
		if end == i+size && i > 0 && (s[i-1] == '\'' || strings.HasSuffix(s[:i], "’")) {
			apostrophe = true
		}
		i += size
	}
	return end, apostrophe
}

func withoutApostrophes(word string) string {
	word = strings.ReplaceAll(word, "’", "'")
	if head, tail, found := strings.Cut(word, "'"); found && slices.Contains(elisions, head) {
		word = tail
	}
	return strings.ReplaceAll(word, "'", "")
}

// withoutAccents is a word as it is typed in haste, with the letters of a plain keyboard.
func withoutAccents(word string) string {
	if isPlain(word) {
		return word
	}
	var b strings.Builder
	b.Grow(len(word))
	for _, r := range word {
		switch {
		case r < utf8.RuneSelf:
			b.WriteByte(byte(r))
		case int(r) < len(plainLetters) && plainLetters[r] != "":
			b.WriteString(plainLetters[r])
		case !unicode.Is(unicode.Mn, r):
			b.WriteRune(r)
		}
	}
	return b.String()
}

func isPlain(word string) bool {
	for i := range len(word) {
		if word[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

var plainLetters = [...]string{
	'à': "a", 'á': "a", 'â': "a", 'ã': "a", 'ä': "a", 'å': "a", 'æ': "ae", 'ç': "c", 'è': "e", 'é': "e", 'ê': "e", 'ë': "e",
	'ì': "i", 'í': "i", 'î': "i", 'ï': "i", 'ñ': "n", 'ò': "o", 'ó': "o", 'ô': "o", 'õ': "o", 'ö': "o", 'ø': "o", 'œ': "oe",
	'ù': "u", 'ú': "u", 'û': "u", 'ü': "u", 'ý': "y", 'ÿ': "y", 'ß': "ss", 'ſ': "s",
}
