package redact

import (
	"slices"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func BenchmarkCompile(b *testing.B) {
	for b.Loop() {
		if _, err := loadVendors(); err != nil {
			b.Fatal(err)
		}
	}
}

// noSentence are rules of files that no sentence holds, one that takes what no vendor writes, and one with exceptions.
var noSentence = []string{"kubernetes-secret-yaml", "curl-auth-header", "curl-auth-user", "generic-api-key", "private-key", "freemius-secret-key"}

// Every rule of gitleaks finds what it describes, in the middle of a message, and nothing of it is left. What a rule asks
// for beside its expression (entropy) is asked of the values made here, too.
func TestEveryVendorRule(t *testing.T) {
	t.Parallel()
	r, err := New()
	if err != nil {
		t.Fatal(err)
	}
	if len(r.vendors) < 200 {
		t.Fatalf("only %d rules", len(r.vendors))
	}
	for _, rule := range r.vendors {
		if slices.Contains(noSentence, rule.ID) {
			continue
		}
		t.Run(rule.ID, func(t *testing.T) {
			t.Parallel()
			seen := 0
			for seed := 0; seed < 400 && seen < 5; seed++ {
				value := rapid.StringMatching(rule.Regex).Example(seed)
				in := newInput("our " + rule.Keywords[0] + " fails with " + value + " since monday")
				m := rule.pattern.FindStringSubmatchIndex(in.text)
				if m == nil || strings.ContainsFunc(value, func(r rune) bool { return r > '~' }) {
					continue // it must stand at an edge, or is spelt as no vendor does
				}
				start, end := rule.secret(m)
				secret := in.text[start:end]
				if rule.Entropy > 0 && entropy(secret) <= rule.Entropy || len(secret) < 8 || rule.excuses(in.text[m[0]:m[1]], secret) {
					continue
				}
				seen++
				if left := r.Start().Text(in.text); strings.Contains(left, secret) {
					t.Errorf("%q is left in %q", secret, left)
				}
			}
			if seen == 0 {
				t.Errorf("no value of it was tried")
			}
		})
	}
}
