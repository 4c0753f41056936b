package lexical

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// signals is a set of kinds of what says how urgent a request is; the head of data/urgency.txt explains each.
type signals uint16

// The signals. Each is looked for in all languages: nobody is urgent in another by chance.
const (
	incident signals = 1 << iota
	outage
	everyone
	blocked
	urgent
	deadline
	executive
	calm
	unharmed
	wish
	not
)

// signalNames are the signals as the data file names them, in their order.
var signalNames = strings.Fields("incident outage everyone blocked urgent deadline executive calm unharmed wish not")

// has reports whether one of the signals is in the set.
func (s signals) has(any signals) bool { return s&any != 0 }

// rules turn signals into a priority; the first that fits decides. An incident is critical whatever the writer thinks of it,
// unless nobody fell for it. After it comes what the writer says: a phrase that says that it can wait counts more than a word
// that says that it cannot.
var rules = []struct {
	any, without signals
	is           helpdesk.Priority
}{
	{incident, unharmed, helpdesk.Critical},
	{outage | everyone, calm | wish, helpdesk.Critical},
	{calm, 0, helpdesk.Low},
	{urgent | deadline | executive | blocked | incident, 0, helpdesk.High},
	{wish, 0, helpdesk.Low},
}

// priority is usual where no rule fits.
func priority(said signals, usual helpdesk.Priority) helpdesk.Priority {
	for _, r := range rules {
		if said.has(r.any) && !said.has(r.without) {
			return r.is
		}
	}
	return usual
}

// reach is how many words before a phrase a negation may stand.
const reach = 3

// signalsOf finds what the phrases of a text say that are not taken back. "Not urgent", where no phrase for it is known, is calm.
func signalsOf(text []token) (said signals) {
	for i := range text {
		kinds := longest(text[i:])
		switch {
		case kinds == 0:
		case !isNegated(text, i):
			said |= kinds
		case kinds.has(urgent):
			said |= calm
		}
	}
	return said &^ not
}

func isNegated(text []token, at int) bool {
	for i := at; i > 0 && i > at-reach && text[i].before == space; i-- {
		if n := text[i-1].begins; n != nil && n.ends.has(not) {
			return true
		}
	}
	return false
}

// longest finds the kinds of all phrases that begin where text does.
func longest(text []token) (kinds signals) {
	at := text[0].begins
	for i := 0; at != nil; at = at.next[text[i].plainOrMany()] {
		kinds |= at.ends
		if i++; i == len(text) || text[i].before == punctuation || text[i].before == lineEnd && kinds.has(not) {
			break
		}
	}
	return kinds
}

// node is a tree of phrases.
type node struct {
	next map[string]*node
	ends signals // what a phrase that ends here says
}

// urgency compiles the signals once; they never change.
var urgency = sync.OnceValue(func() *node {
	root := &node{}
	for kind, said := range lines(urgencyFile) {
		said = strings.ReplaceAll(said[len("en "):], "#", strconv.Itoa(many))
		for phrase := range phrases(said) {
			at := root
			for _, t := range phrase {
				if at.next == nil {
					at.next = make(map[string]*node)
				}
				word := t.plainOrMany()
				if at.next[word] == nil {
					at.next[word] = &node{}
				}
				at = at.next[word]
			}
			at.ends |= 1 << slices.Index(signalNames, kind)
		}
	}
	return root
})

// many is the number from which people are many.
const many = 5

// plainOrMany is a word as the phrases have it.
func (t *token) plainOrMany() string {
	if isNumber(t.plain) {
		if n, err := strconv.Atoi(t.plain); err == nil && n >= many {
			return "#"
		}
	}
	return t.plain
}
