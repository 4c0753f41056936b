package redact

import (
	"slices"
	"strings"
	"unicode"
)

// input is a text in two forms of the same length, so that places in one are places in the other.
type input struct {
	text  string // without what cannot be seen, every space a plain one
	lower string // ASCII letters in lower case
}

func newInput(s string) input {
	text := strings.Map(func(r rune) rune {
		switch {
		case unicode.Is(unicode.Cf, r): // zero width, direction, tags, soft hyphens
			return -1
		case unicode.Is(unicode.Zs, r):
			return ' '
		}
		return r
	}, s)
	lower := []byte(text)
	for i, c := range lower {
		if 'A' <= c && c <= 'Z' {
			lower[i] = c + 'a' - 'A'
		}
	}
	return input{text, string(lower)}
}

// span is a part of a text and what it is.
type span struct {
	start, end int
	kind       Kind
}

// rank orders the kinds where two claim the same characters: what stands first gives the name.
var rank = map[Kind]int{
	PrivateKey: 0, ConnectionString: 1, RecoveryCode: 2, Password: 3, Token: 4, Card: 5, IBAN: 6, EMail: 7, Phone: 8, IPAddress: 9, HostName: 10,
}

// merge orders spans and joins those that overlap: all of what any of them covers goes. An optional one is no reason to
// take more of the text, so it gives way.
func merge(spans []span) []span {
	slices.SortFunc(spans, func(a, b span) int {
		if a.start != b.start {
			return a.start - b.start
		}
		return b.end - a.end
	})
	out := spans[:0]
	for _, s := range spans {
		if s.start >= s.end {
			continue
		}
		n := len(out) - 1
		if n < 0 || s.start >= out[n].end {
			out = append(out, s)
			continue
		}
		last := &out[n]
		switch {
		case last.kind.optional() && !s.kind.optional():
			*last = s
		case s.kind.optional() && !last.kind.optional():
		default:
			last.end = max(last.end, s.end)
			if rank[s.kind] < rank[last.kind] {
				last.kind = s.kind
			}
		}
	}
	return out
}

// occurrences are the places where a known secret stands, whatever its case.
func occurrences(lower string, k known) (found []span) {
	for from := 0; ; {
		i := strings.Index(lower[from:], k.value)
		if i < 0 {
			return found
		}
		found = append(found, span{from + i, from + i + len(k.value), k.kind})
		from += i + len(k.value)
	}
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// isWord is true of letters and digits, and of every byte of a letter outside ASCII.
func isWord(c byte) bool {
	return isDigit(c) || 'a' <= c|0x20 && c|0x20 <= 'z' || c >= 0x80 || c == '_'
}
