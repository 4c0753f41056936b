// Package redact takes secrets and personal data out of text, before it goes to a model and when it comes back. It is
// pure, knows nothing of requests or Slack, and does not say what it found, only of which kind.
//
// The tokens of some two hundred vendors are found by the rules of gitleaks, as data; passwords in prose, codes, numbers
// with check digits and addresses by rules of our own.
package redact

import (
	"regexp"
	"slices"
	"strconv"
	"strings"
	"sync"
	"unicode"
)

// Kind says what was found. It names nothing of the value, so it may stand in a workflow history.
type Kind string

// The kinds.
const (
	Token            Kind = "token" // tokens and keys of any vendor, licence keys
	PrivateKey       Kind = "private_key"
	Password         Kind = "password" // also a PIN, a passphrase or the key of a Wi-Fi
	ConnectionString Kind = "connection_string"
	RecoveryCode     Kind = "recovery_code" // also a one-time code
	Card             Kind = "card"
	IBAN             Kind = "iban"
	EMail            Kind = "e_mail"
	Phone            Kind = "phone"
	IPAddress        Kind = "ip_address" // only where asked for
	HostName         Kind = "host_name"  // only where asked for
)

// Secret reports whether whoever sees a value of this kind could use it: its author should know that it was written.
func (k Kind) Secret() bool {
	switch k {
	case Token, PrivateKey, Password, ConnectionString, RecoveryCode, Card:
		return true
	}
	return false
}

// optional are the kinds that an IT help desk lives by: kept unless asked for.
func (k Kind) optional() bool { return k == IPAddress || k == HostName }

// Redactor holds the compiled rules. It never changes, so it may be shared.
type Redactor struct{ vendors []vendorRule }

// New returns the rules. They are the same in every process, and compiled once: that takes some tens of milliseconds.
func New() (*Redactor, error) { return compiled() }

var compiled = sync.OnceValues(func() (*Redactor, error) {
	vendors, err := loadVendors()
	return &Redactor{vendors}, err
})

// Secrets says which kinds of secret a text holds, each once, in order.
func (r *Redactor) Secrets(text string) (kinds []Kind) {
	for _, s := range r.find(newInput(text), nil) {
		if s.kind.Secret() {
			kinds = append(kinds, s.kind)
		}
	}
	slices.Sort(kinds)
	return slices.Compact(kinds)
}

// Redaction is that of one request: the same value has the same placeholder in every text of it. It is not for use by
// several goroutines at once.
type Redaction struct {
	rules  *Redactor
	also   []Kind
	names  map[string]string // kind and canonical value → placeholder
	counts map[Kind]int
	known  []known
}

// known is a secret that was found by what stood around it; alone, only its own letters give it away.
type known struct {
	value string // lower case
	kind  Kind
}

// maxKnown bounds how many secrets of a request are looked for by value, and so the time for one text.
const maxKnown = 50

// minKnown is the shortest secret that is looked for by value, in bytes; a shorter one would be found in ordinary words.
const minKnown = 6

// Start begins a request. also are the optional kinds to be hidden, too: [IPAddress] and [HostName].
func (r *Redactor) Start(also ...Kind) *Redaction {
	return &Redaction{rules: r, also: also, names: make(map[string]string), counts: make(map[Kind]int)}
}

// Text returns s with a placeholder such as [E-MAIL-1] for everything found in it, and for every secret that an earlier
// text of the request has given away. Characters that cannot be seen are dropped, because they could hide a value from
// the rules. The time is linear in the length of s.
func (r *Redaction) Text(s string) string {
	in := newInput(s)
	found := r.rules.find(in, r.also)
	for _, f := range found {
		if f.kind.Secret() {
			r.remember(in.lower[f.start:f.end], f.kind)
		}
	}
	for _, k := range r.known {
		found = append(found, occurrences(in.lower, k)...)
	}
	var b strings.Builder
	last := 0
	for _, f := range merge(found) {
		b.WriteString(in.text[last:f.start])
		b.WriteString(r.placeholder(f.kind, in.text[f.start:f.end]))
		last = f.end
	}
	b.WriteString(in.text[last:])
	return b.String()
}

func (r *Redaction) remember(value string, kind Kind) {
	k := known{value, kind}
	if len(value) >= minKnown && len(r.known) < maxKnown && !slices.Contains(r.known, k) {
		r.known = append(r.known, k)
	}
}

func (r *Redaction) placeholder(kind Kind, value string) string {
	key := string(kind) + " " + canonical(kind, value)
	name, ok := r.names[key]
	if !ok {
		r.counts[kind]++
		name = "[" + words[kind] + "-" + strconv.Itoa(r.counts[kind]) + "]"
		r.names[key] = name
	}
	return name
}

// words are what models and people read of a kind.
var words = map[Kind]string{
	Token: "TOKEN", PrivateKey: "PRIVATE-KEY", Password: "PASSWORD", ConnectionString: "CONNECTION-STRING", RecoveryCode: "CODE", Card: "CARD",
	IBAN: "IBAN", EMail: "E-MAIL", Phone: "PHONE", IPAddress: "IP", HostName: "HOST",
}

// Placeholder is what stands for something that was taken out, with its brackets or without.
var Placeholder = regexp.MustCompile(`\[?\b((?:TOKEN|PRIVATE-KEY|PASSWORD|CONNECTION-STRING|CODE|CARD|IBAN|E-MAIL|PHONE|IP|HOST)-\d{1,4})\b\]?`)

// placed reports whether a value is a placeholder: reading a text again finds nothing new in it.
func placed(s string) bool {
	m := Placeholder.FindStringIndex(s)
	return m != nil && m[0] == 0 && m[1] == len(s)
}

// canonical is what two spellings of one value have in common.
func canonical(kind Kind, value string) string {
	switch kind {
	case Card, IBAN, Phone:
		return strings.Map(func(r rune) rune {
			if unicode.IsLetter(r) || unicode.IsDigit(r) || r == '+' {
				return unicode.ToUpper(r)
			}
			return -1
		}, value)
	}
	return strings.ToLower(value)
}

// looking is one rule of our own, or a few that are alike.
type looking func(input) []span

var (
	always   = []looking{privateKeys, urls, assignments, prose, phrases, evident, pairs, printedKeys, prefixedTokens, headers, cards, ibans, eMails, phones}
	onDemand = map[Kind]looking{IPAddress: addresses, HostName: hosts}
)

// find looks with every rule. What it finds is in order and does not overlap.
func (r *Redactor) find(in input, also []Kind) []span {
	found := vendorTokens(in, r.vendors)
	for _, look := range always {
		found = append(found, look(in)...)
	}
	for kind, look := range onDemand {
		if slices.Contains(also, kind) {
			found = append(found, look(in)...)
		}
	}
	return merge(found)
}
