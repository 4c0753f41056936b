// Package tlsgrade grades the transport of a running server from A+ to F by shaking hands with it in many ways, after the
// rating guide that SSL Labs publishes, version 2009r (github.com/ssllabs/research/wiki/SSL-Server-Rating-Guide). It sees
// what a server offers, not how well it is written: attacks on implementations, such as Heartbleed, are not tried.
package tlsgrade

import (
	"context"
	"crypto/tls"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Report is the grade of a server and what led to it.
type Report struct {
	// Grade is A+, A, A-, B to F, T for a certificate that is not trusted, or M for one with another name.
	Grade string
	// Score is the sum of the three below, weighted 30, 30 and 40 percent; each is 0 to 100.
	Score, Protocol, KeyExchange, Cipher int
	// Findings are the rules that keep the grade down.
	Findings []string
	// Notes say what was seen.
	Notes []string
}

// Grade probes a server. An error means that it could not be probed, not that it is bad.
func Grade(ctx context.Context, t Target) (Report, error) {
	f, err := probe(ctx, t)
	if err != nil {
		return Report{}, fmt.Errorf("grade %s: %w", t.Addr, err)
	}
	if len(f.spoken()) == 0 {
		return Report{}, fmt.Errorf("grade %s: it speaks neither SSL nor TLS", t.Addr)
	}
	return rate(f, t.Now), nil
}

// String shows the report to people.
func (r Report) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "grade %s, score %d: protocols %d, key exchange %d, ciphers %d\n", r.Grade, r.Score, r.Protocol, r.KeyExchange, r.Cipher)
	for _, line := range r.Findings {
		fmt.Fprintf(&b, "  ! %s\n", line)
	}
	for _, line := range r.Notes {
		fmt.Fprintf(&b, "    %s\n", line)
	}
	return b.String()
}

// grades from best to worst; T and M are outside of the scale and stand below everything.
var grades = []string{"A+", "A", "A-", "B", "C", "D", "E", "F", "M", "T"}

func worse(a, b string) string { return grades[max(slices.Index(grades, a), slices.Index(grades, b))] }

// rate turns what was seen into a grade: by the score, then down by each rule that applies. What no rule holds back and
// has every precaution gets the plus.
func rate(f facts, now time.Time) Report {
	r := Report{Protocol: f.protocolScore(), KeyExchange: f.keyExchangeScore(), Cipher: f.cipherScore(), Notes: f.notes(now)}
	r.Score = (30*r.Protocol + 30*r.KeyExchange + 40*r.Cipher) / 100
	if r.Protocol == 0 || r.KeyExchange == 0 || r.Cipher == 0 {
		r.Score = 0
	}
	r.Grade = letter(r.Score)
	for _, rule := range rules {
		if rule.broken(f) {
			r.Findings = append(r.Findings, "at most "+rule.most+": "+rule.says)
			r.Grade = worse(r.Grade, rule.most)
		}
	}
	if len(r.Findings) == 0 && r.Grade == "A" {
		r.Grade = "A+"
	}
	return r
}

func letter(score int) string {
	for _, step := range []struct {
		least int
		grade string
	}{{80, "A"}, {65, "B"}, {50, "C"}, {35, "D"}, {20, "E"}} {
		if score >= step.least {
			return step.grade
		}
	}
	return "F"
}

// protocolScore is between the best and the worst that is spoken.
func (f *facts) protocolScore() int {
	lowest, highest := 100, 0
	for _, v := range versions {
		if len(f.suites[v.id]) > 0 {
			lowest, highest = min(lowest, v.score), max(highest, v.score)
		}
	}
	return (lowest + highest) / 2
}

// keyExchangeScore is that of the weakest way to agree on a key.
func (f *facts) keyExchangeScore() int {
	bits := f.keyBits
	if f.primeBits > 0 {
		bits = min(bits, f.primeBits)
	}
	for _, g := range f.groups {
		bits = min(bits, g.rsa)
	}
	switch {
	case f.any(suite.anonymous):
		return 0
	case bits < 512:
		return 20
	case bits < 1024 || f.any(suite.export):
		return 40
	case bits < 2048:
		return 80
	case bits < 4096:
		return 90
	default:
		return 100
	}
}

// cipherScore is between the strongest and the weakest.
func (f *facts) cipherScore() int {
	lowest, highest := 100, 0
	for _, list := range f.suites {
		for _, s := range list {
			score := 100
			switch bits := s.bits(); {
			case bits == 0:
				score = 0
			case bits < 128:
				score = 20
			case bits < 256:
				score = 80
			}
			lowest, highest = min(lowest, score), max(highest, score)
		}
	}
	return (lowest + highest) / 2
}

// any reports whether a suite with the property is accepted in any version.
func (f *facts) any(property func(suite) bool) bool {
	for _, list := range f.suites {
		if slices.ContainsFunc(list, property) {
			return true
		}
	}
	return false
}

// since reports the same for TLS 1.1 and later, where nobody needs what old clients needed.
func (f *facts) since(property func(suite) bool) bool {
	return slices.ContainsFunc(slices.Concat(f.suites[tls.VersionTLS11], f.suites[tls.VersionTLS12]), property)
}

// prefers reports whether the server's choice, when a client of today offers everything, has the property.
func (f *facts) prefers(property func(suite) bool) bool {
	for _, version := range []uint16{tls.VersionTLS13, tls.VersionTLS12} {
		if list := f.suites[version]; len(list) > 0 {
			return property(list[0])
		}
	}
	return false
}

func (f *facts) speaks(version uint16) bool { return len(f.suites[version]) > 0 }

// notes say what was seen, the strange as well as the good.
func (f *facts) notes(now time.Time) (lines []string) {
	for _, v := range versions {
		if !f.speaks(v.id) {
			continue
		}
		names := make([]string, len(f.suites[v.id]))
		for i, s := range f.suites[v.id] {
			names[i] = s.name
		}
		end := ""
		if f.completed[v.id] {
			end = " (completed)"
		}
		lines = append(lines, v.name+end+": "+strings.Join(names, ", "))
	}
	var exchange []string
	for _, g := range f.groups {
		exchange = append(exchange, g.name)
	}
	if f.primeBits > 0 {
		exchange = append(exchange, fmt.Sprintf("Diffie-Hellman with %d bits", f.primeBits))
	}
	return append(lines, "key exchange: "+strings.Join(exchange, ", "),
		fmt.Sprintf("certificate: as strong as RSA with %d bits, for %d days yet", f.keyBits, int(f.expires.Sub(now).Hours()/24)),
		fmt.Sprintf("HSTS: %d days", int(f.hsts.Hours()/24)))
}
