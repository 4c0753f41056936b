package redact

import (
	"bytes"
	_ "embed" // for the rules
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"

	"github.com/BurntSushi/toml"
)

// vendorFile is config/gitleaks.toml of gitleaks v8.30.1 as it is, so that an update is a copy. Licence: MIT, beside it.
//
//go:embed gitleaks/gitleaks.toml
var vendorFile string

// vendorRule is a rule of that file.
type vendorRule struct {
	ID         string      `toml:"id"`
	Regex      string      `toml:"regex"`
	Group      int         `toml:"secretGroup"`
	Entropy    float64     `toml:"entropy"`
	Keywords   []string    `toml:"keywords"`
	Allowlists []allowlist `toml:"allowlists"`

	kind    Kind
	pattern *regexp.Regexp
	allowed []exception
}

type allowlist struct {
	Target    string   `toml:"regexTarget"`
	Regexes   []string `toml:"regexes"`
	Stopwords []string `toml:"stopwords"`
	Paths     []string `toml:"paths"`
}

// exception is an allowlist, compiled.
type exception struct {
	whole     bool // of the match, not only of the secret in it
	patterns  []*regexp.Regexp
	stopwords []string
}

// excepted are the rules whose allowlists we take. The others excuse examples in source code; what looks like a key in a
// message is one, and nobody misses an example in a prompt. There is no comment that excuses a line, either.
var excepted = []string{"generic-api-key", "kubernetes-secret-yaml", "vault-service-token"}

func loadVendors() ([]vendorRule, error) {
	var file struct {
		Rules []vendorRule `toml:"rules"`
	}
	if _, err := toml.Decode(vendorFile, &file); err != nil {
		return nil, fmt.Errorf("read the rules of gitleaks: %w", err)
	}
	rules := slices.DeleteFunc(file.Rules, func(r vendorRule) bool { return r.Regex == "" }) // of file names only
	for i := range rules {
		if err := rules[i].compile(); err != nil {
			return nil, fmt.Errorf("rule %s of gitleaks: %w", rules[i].ID, err)
		}
	}
	return rules, nil
}

func (r *vendorRule) compile() (err error) {
	r.kind = Token
	if strings.Contains(r.ID, "private-key") || strings.Contains(r.ID, "age-secret-key") {
		r.kind = PrivateKey
	}
	if r.pattern, err = regexp.Compile(r.Regex); err != nil || !slices.Contains(excepted, r.ID) {
		return err
	}
	for _, a := range r.Allowlists {
		if len(a.Paths) > 0 || a.Target == "line" {
			continue // about files of source code
		}
		e := exception{whole: a.Target == "match", stopwords: a.Stopwords}
		for _, x := range a.Regexes {
			p, err := regexp.Compile(x)
			if err != nil {
				return err
			}
			e.patterns = append(e.patterns, p)
		}
		r.allowed = append(r.allowed, e)
	}
	return nil
}

// vendorTokens looks with the rules of which a keyword is in the text.
func vendorTokens(in input, rules []vendorRule) (found []span) {
	texts := []string{in.text}
	if prose := withoutSentences(in.text); prose != in.text {
		texts = append(texts, prose)
	}
	for i := range rules {
		r := &rules[i]
		if !slices.ContainsFunc(r.Keywords, func(k string) bool { return strings.Contains(in.lower, k) }) {
			continue
		}
		for _, text := range texts {
			found = r.look(in, text, found)
		}
	}
	return found
}

// look adds the secrets of a text, which is that of the input but for what ends its words.
func (r *vendorRule) look(in input, text string, found []span) []span {
	for _, m := range r.pattern.FindAllStringSubmatchIndex(text, -1) {
		start, end := r.secret(m)
		value := in.text[start:end]
		if r.Entropy > 0 && entropy(value) <= r.Entropy || r.excuses(in.text[m[0]:m[1]], value) {
			continue
		}
		found = append(found, span{start, end, r.kind})
	}
	return found
}

// withoutSentences is a text with spaces for the marks behind its long words, as long as before: the rules were written for source
// code, in which no comma stands behind a token.
func withoutSentences(text string) string {
	var b []byte
	for at := 0; at < len(text); {
		at = skip(text, at, " \t\r\n")
		end := len(text)
		if i := strings.IndexAny(text[at:], " \t\r\n"); i >= 0 {
			end = at + i
		}
		last := at + len(strings.TrimRight(text[at:end], ",.!?)]}>»”…"))
		if last < end && last-at >= minToken {
			if b == nil {
				b = []byte(text)
			}
			copy(b[last:end], bytes.Repeat([]byte(" "), end-last))
		}
		at = end
	}
	if b == nil {
		return text
	}
	return string(b)
}

// minToken is the length of the shortest token of a vendor, in bytes.
const minToken = 16

// minSecret is the shortest group that is taken for the secret, in bytes: some rules group for other reasons.
const minSecret = 8

// secret is the part of a match that is one: the group that the rule names, else the first long one, else all.
func (r *vendorRule) secret(m []int) (start, end int) {
	if r.Group > 0 && 2*r.Group+1 < len(m) && m[2*r.Group] >= 0 {
		return m[2*r.Group], m[2*r.Group+1]
	}
	for i := 2; i+1 < len(m); i += 2 {
		if m[i] >= 0 && m[i+1]-m[i] >= minSecret {
			return m[i], m[i+1]
		}
	}
	return m[0], m[1]
}

func (r *vendorRule) excuses(match, value string) bool {
	lower := strings.ToLower(value)
	return slices.ContainsFunc(r.allowed, func(e exception) bool {
		target := value
		if e.whole {
			target = match
		}
		return slices.ContainsFunc(e.patterns, func(p *regexp.Regexp) bool { return p.MatchString(target) }) ||
			slices.ContainsFunc(e.stopwords, func(w string) bool { return strings.Contains(lower, w) })
	})
}

// entropy is Shannon's, in bits a character.
func entropy(s string) (bits float64) {
	var counts [256]int
	for i := range len(s) {
		counts[s[i]]++
	}
	for _, c := range counts {
		if c > 0 {
			p := float64(c) / float64(len(s))
			bits -= p * math.Log2(p)
		}
	}
	return bits
}
