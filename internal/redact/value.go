package redact

import (
	"regexp"
	"slices"
	"strings"
	"unicode"
)

// manner is how a value is tied to the word before it: the looser, the more it must look like a secret.
type manner int

const (
	assigned manner = iota // "password: x"
	stated                 // "the password for it is x"
	quoted                 // "the password 'x'"; a value may be quoted in every manner
	moved                  // "changed the password to x"
	adjacent               // "password x"
)

// value is a word, or what stands between quotes.
type value struct {
	text       string // start to end
	start, end int
	from, to   int // with quotes and the punctuation behind
	quoted     bool
	last       bool // of its line or sentence
	next       string
}

// maxValue bounds a value, in bytes.
const maxValue = 128

var closing = map[string]string{`"`: `"`, "'": "'", "`": "`", "“": "”", "„": "“", "«": "»", "‘": "’", "‚": "‘", "»": "«"}

// valueAt reads the value at a place.
func valueAt(in input, at int) (v value) {
	v.from = at
	window := in.text[at:min(len(in.text), at+maxValue)]
	for open, shut := range closing {
		rest, ok := strings.CutPrefix(window, open)
		if !ok {
			continue
		}
		if i := strings.Index(rest, shut); i > 0 && !strings.Contains(rest[:i], "\n") {
			v.quoted, v.start, v.end = true, at+len(open), at+len(open)+i
			v.to = v.end + len(shut)
			v.start = skip(in.text, v.start, " ") // within guillemets
			v.text = strings.TrimRight(in.text[v.start:max(v.start, v.end)], " ")
			v.end = v.start + len(v.text)
			return v
		}
	}
	n := strings.IndexAny(window, " \t\r\n")
	if n < 0 {
		n = len(window)
	}
	v.to = at + n
	raw := window[:n]
	text := strings.TrimRight(strings.TrimLeft(raw, "(\"'`*„“«"), ".,;:)\"'`”“»>*")
	if text == "" {
		text = raw
	}
	v.start = at + strings.Index(raw, text)
	v.end = v.start + len(text)
	v.text = text
	after := strings.TrimLeft(in.text[v.to:min(len(in.text), v.to+40)], " \t")
	v.last = v.end < v.to || after == "" || after[0] == '\n' || after[0] == '\r'
	if fields := strings.Fields(in.lower[v.to:min(len(in.lower), v.to+40)]); len(fields) > 0 {
		v.next = strings.Trim(fields[0], ".,;:!?")
	}
	return v
}

func skip(s string, at int, chars string) int {
	return len(s) - len(strings.TrimLeft(s[at:], chars))
}

// looks is what a value is made of.
type looks struct {
	letter, digit bool
	symbol        bool // one that words do not have, anywhere
	inside        bool // one that is not at the end
	inner         bool // a capital letter after a small one
}

func lookAt(s string) (l looks) {
	small := false
	for i, r := range s {
		switch {
		case unicode.IsLetter(r):
			l.letter = true
			l.inner = l.inner || small && unicode.IsUpper(r)
			small = unicode.IsLower(r)
		case unicode.IsDigit(r):
			l.digit = true
		case strings.ContainsRune("!@#$%^&*+=?~§€|", r):
			l.symbol = true
			l.inside = l.inside || strings.TrimRight(s[i:], "!?*") != ""
		}
	}
	return l
}

var (
	// masked is a value that is none.
	masked = regexp.MustCompile(`^(?:[*•.xX?_-]+|[<\[({].*|&lt;.*|\$[{(A-Za-z_].*|%\w+%|…)$`)
	// counted is "90-day", "2nd", "12-stellig", "3x".
	counted = regexp.MustCompile(`^\d+(?:-\pL+|st|nd|rd|th|x|h|min|d|er|e|º|ª|°|%|[.,:/-]\d.*)$`)
	address = regexp.MustCompile(`^(?:[^@\s]+@[^@\s]+\.\pL{2,}|\w+://.*|[/\\~].*|\w:\\.*|(?:\d{1,3}\.){3}\d{1,3})$`)
)

// never is a value that is no secret in any manner.
func (v value) never() bool {
	word := strings.ToLower(strings.TrimRight(v.text, "!?"))
	return len(v.text) < 4 || placed(v.text) || masked.MatchString(v.text) || address.MatchString(v.text) || slices.Contains(ordinary, word) || counted.MatchString(word)
}

func fitsPassword(v value, how manner) bool {
	if v.never() {
		return false
	}
	l := lookAt(v.text)
	switch how {
	case adjacent:
		return v.quoted && !slices.ContainsFunc(strings.Fields(v.text), plain) && strings.Count(v.text, " ") != 1 ||
			len(v.text) >= 6 && l.letter && l.digit && l.symbol
	case moved:
		return len(v.text) >= 6 && l.letter && l.digit && (len(v.text) >= 8 || l.symbol) || v.quoted && !plain(v.text)
	}
	switch {
	case v.quoted || how == quoted:
		return !plain(v.text) || how != stated
	case l.digit && !l.letter && !l.symbol:
		return how == assigned && len(v.text) <= 12 && !slices.Contains(units, v.next) || len(v.text) >= 6 && !slices.Contains(units, v.next)
	case l.digit, l.inside:
		return true
	case strings.ContainsAny(v.text, "-/'’"):
		return strings.Count(v.text, "-") >= 2 && v.last // words in a row, as generators make them
	}
	return len(v.text) >= 6 && v.last && (l.inner || !plain(v.text))
}

// plain reports whether a word reads as the state that a password is in, not as one.
func plain(s string) bool {
	word := strings.ToLower(strings.TrimRight(s, "!?"))
	return slices.Contains(ordinary, word) || slices.ContainsFunc(endings, func(e string) bool { return strings.HasSuffix(word, e) })
}

// fitsPIN takes four to eight digits.
func fitsPIN(v value, how manner) bool {
	return how != moved && len(v.text) >= 4 && len(v.text) <= 8 && strings.Trim(v.text, "0123456789") == "" && !slices.Contains(units, v.next)
}

var (
	doorCode = regexp.MustCompile(`^[*#]?\d{2,8}[A-Za-z]?\d{0,4}[*#]?$|^[A-Za-z]\d{3,8}[A-Za-z]?[*#]?$`)
	keypad   = regexp.MustCompile(`^[*#]\d{3,8}[*#]?$|^\d{3,8}[*#]$|^[A-Z]\d{3,8}[A-Z]?$|^\d{2,8}[A-Z]\d{0,4}$`)
)

// fitsDoor takes what keypads take: digits, with a letter or a sign at an end.
func fitsDoor(v value, how manner) bool {
	return how != moved && len(v.text) >= 4 && doorCode.MatchString(v.text) && !slices.Contains(units, v.next)
}

// fitsKeypad takes only what nothing else looks like.
func fitsKeypad(v value, _ manner) bool { return keypad.MatchString(v.text) }

var tokenLike = regexp.MustCompile(`^[A-Za-z0-9_./+=~:!$@%-]{10,}$`)

func fitsToken(v value, how manner) bool {
	if v.never() || !tokenLike.MatchString(v.text) {
		return false
	}
	l := lookAt(v.text)
	mixed := l.letter && l.digit && entropy(v.text) > 2.8
	switch how {
	case assigned, stated:
		return mixed
	}
	return mixed && len(v.text) >= 20 && !strings.ContainsAny(v.text, ".:")
}

var codeLike = regexp.MustCompile(`^(?:\d{2,4}(?:[- ]\d{2,4}){1,3}|\d{4,8}|[A-Za-z0-9]{3,10}(?:-[A-Za-z0-9]{3,10}){1,7}|[A-Za-z0-9]{6,32}|[Gg]-\d{6})$`)

func fitsCode(v value, how manner) bool {
	return how != moved && codeLike.MatchString(v.text) && strings.ContainsAny(v.text, "0123456789") && !v.never() && !slices.Contains(units, v.next) &&
		(how != adjacent || len(v.text) >= 6 || strings.Trim(v.text, "0123456789") == "")
}

// grouped is a code as it is read out.
var grouped = regexp.MustCompile(`^\d{2,4}(?:[- ]\d{2,4}){1,3}\b`)

// listed is a further code of a list.
func listed(s string) bool {
	return len(s) >= 6 && codeLike.MatchString(s) && strings.ContainsAny(s, "0123456789")
}
