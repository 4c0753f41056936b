package lexical

import (
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// signal is a kind of what says how urgent a request is; the head of data/urgency.txt explains each.
type signal string

// The signals. Each is looked for in all languages: nobody is urgent in another by chance.
const (
	incident  signal = "incident"
	outage    signal = "outage"
	everyone  signal = "everyone"
	blocked   signal = "blocked"
	urgent    signal = "urgent"
	deadline  signal = "deadline"
	executive signal = "executive"
	calm      signal = "calm"
	unharmed  signal = "unharmed"
	wish      signal = "wish"
	not       signal = "not"
)

// rules turn signals into a priority; the first that fits decides. An incident is critical whatever the writer thinks of it,
// unless nobody fell for it. After it comes what the writer says: a phrase that says that it can wait counts more than a word
// that says that it cannot.
var rules = []struct {
	any, without []signal
	is           helpdesk.Priority
}{
	{[]signal{incident}, []signal{unharmed}, helpdesk.Critical},
	{[]signal{outage, everyone}, []signal{calm, wish}, helpdesk.Critical},
	{[]signal{calm}, nil, helpdesk.Low},
	{[]signal{urgent, deadline, executive, blocked, incident}, nil, helpdesk.High},
	{[]signal{wish}, nil, helpdesk.Low},
}

// priority is usual where no rule fits.
func priority(said map[signal]bool, usual helpdesk.Priority) helpdesk.Priority {
	has := func(s signal) bool { return said[s] }
	for _, r := range rules {
		if slices.ContainsFunc(r.any, has) && !slices.ContainsFunc(r.without, has) {
			return r.is
		}
	}
	return usual
}

// reach is how many words before a phrase a negation may stand.
const reach = 3

// signals finds the phrases of a text that are not taken back. "Not urgent", where no phrase for it is known, is calm.
func signals(text []token) map[signal]bool {
	said := make(map[signal]bool)
	for i := range text {
		kinds := longest(text[i:])
		if kinds == nil {
			continue
		}
		negated := isNegated(text, i)
		for _, s := range kinds {
			switch {
			case s == not:
			case !negated:
				said[s] = true
			case s == urgent:
				said[calm] = true
			}
		}
	}
	return said
}

func isNegated(text []token, at int) bool {
	for i := at; i > 0 && i > at-reach && text[i].before == space; i-- {
		if n := text[i-1].begins; n != nil && slices.Contains(n.ends, not) {
			return true
		}
	}
	return false
}

// longest finds the kinds of all phrases that begin where text does.
func longest(text []token) (kinds []signal) {
	at := text[0].begins
	if c := text[0].plain[0]; '0' <= c && c <= '9' {
		at = urgency().next[wordOf(text[0])]
	}
	for i := 0; at != nil; at = at.next[wordOf(text[i])] {
		kinds = append(kinds, at.ends...)
		if i++; i == len(text) || text[i].before == punctuation || text[i].before == lineEnd && slices.Contains(kinds, not) {
			break
		}
	}
	return kinds
}

// node is a tree of phrases.
type node struct {
	next map[string]*node
	ends []signal // what a phrase that ends here says
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
				if at.next[wordOf(t)] == nil {
					at.next[wordOf(t)] = &node{}
				}
				at = at.next[wordOf(t)]
			}
			at.ends = append(at.ends, signal(kind))
		}
	}
	return root
})

// many is the number from which people are many.
const many = 5

// wordOf is a word as the phrases have it.
func wordOf(t token) string {
	if c := t.plain[0]; '0' <= c && c <= '9' {
		if n, err := strconv.Atoi(t.plain); err == nil && n >= many {
			return "#"
		}
	}
	return t.plain
}
