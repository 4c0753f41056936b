package redact_test

import (
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/echo-synch/echo-synch/internal/redact"
)

// FuzzText: whatever is written, what comes out is text, reading it again finds nothing new in it but by what its
// placeholders stand beside, and the kinds found are those that were hidden.
func FuzzText(f *testing.F) {
	for _, m := range corpus(f, "corpus") {
		f.Add(m.text)
	}
	for _, s := range hostile(64) {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r := rules(t)
		got := r.Start(redact.IPAddress, redact.HostName).Text(s)
		if !utf8.ValidString(got) {
			t.Errorf("%q becomes %q", s, got)
		}
		if kinds := r.Secrets(s); len(kinds) > 0 && !strings.Contains(got, "[") {
			t.Errorf("%q holds %v and becomes %q", s, kinds, got)
		}
	})
}

// hostile are texts of about n bytes, each made to cost one rule as much as it can.
func hostile(n int) map[string]string {
	fill := func(s string) string { return strings.Repeat(s, n/len(s)+1)[:n/len(s)*len(s)] }
	return map[string]string{
		"letters": fill("a"), "digits": fill("4"), "pairs of digits": fill("41 "), "ats": fill("@"), "addresses": fill("a@b.cc "), "half addresses": fill("a.b@"),
		"schemes": fill("x://"), "userinfo": fill("x://a:b@c "), "heads": fill("password "), "heads and colons": fill("password: "), "copulas": fill("password is is "),
		"values": fill("password: Abc123!x "), "quotes": fill(`password "`), "pem": fill("-----BEGIN PRIVATE KEY-----\n"), "begins": fill("-----begin "), "assignments": fill("password="),
		"parameters": fill("?token=abcdefgh&"), "ibans": fill("DE89 "), "spaces": fill(" "), "keywords": fill("api key token secret access auth credential "),
		"long assignment": "secret" + fill("_x") + "=", "curl": fill("curl -u "), "curl lines": fill("curl \n"), "kind": fill("kind: secret data: "), "jwt": fill("eyJhbGciOiJIUzI1NiJ9."),
		"bits": fill("01"), "colons": fill(":"), "dots": fill("a."), "hyphens": fill("a-1-"), "is my password": fill("x1y2z3!! is my password "), "codes": fill("recovery codes: 1234 5678 "),
		"logins": fill("login: a / "), "zero width": fill("\u200b"), "invalid": fill("\xff\xfe"), "mixed": fill("key=Ab1+/Cd2+/"), "base64": fill("Zm9vYmFy"), "private lines": fill("Private-Lines: "),
	}
}

// Four times the text takes about four times as long, not sixteen times, and 24 kB take no longer than a moment. The bounds are
// generous: the machine may be busy.
func TestHostileTextsTakeLinearTime(t *testing.T) {
	if testing.Short() {
		t.Skip("measures time")
	}
	r := rules(t)
	took := func(s string) time.Duration {
		started := time.Now()
		r.Start().Text(s)
		return time.Since(started)
	}
	const small, factor = 6 << 10, 4
	short, long := hostile(small), hostile(factor*small)
	for name, text := range long {
		a, b := min(took(short[name]), took(short[name])), took(text)
		if b > 3*factor*a && b > 300*time.Millisecond {
			b = min(b, took(text), took(text)) // once more: somebody else may have had the processor
		}
		if b > 3*factor*a && b > 300*time.Millisecond || b > 3*time.Second {
			t.Errorf("%s: %v for %d bytes, %v for %d", name, a, len(short[name]), b, len(text))
		}
	}
}

func BenchmarkText(b *testing.B) {
	r := rules(b)
	for name, text := range map[string]string{
		"quiet_2k":   strings.Repeat("VPN drops every ten minutes since the update to 5.1.7.61, error 0x80070005. ", 27)[:2048],
		"secrets_2k": strings.Repeat("password: Summer2026! for ben@acme.example, call +49 30 1234567, IBAN DE89370400440532013000. ", 22)[:2048],
	} {
		b.Run(name, func(b *testing.B) {
			b.SetBytes(int64(len(text)))
			for b.Loop() {
				r.Start().Text(text)
			}
		})
	}
}
