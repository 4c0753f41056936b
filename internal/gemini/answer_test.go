package gemini

import (
	"errors"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"pgregory.net/rapid"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/redact"
)

// plain checks what holds of every summary: one line of plain text that leads nowhere, and stays as it is when read again.
func plain(t rapid.TB, s string) {
	t.Helper()
	got := neutral(s)
	if found := steering.FindString(got); found != "" {
		t.Errorf("%q keeps %q", s, found)
	}
	if n := utf8.RuneCountInString(got); n > helpdesk.MaxSummary {
		t.Errorf("%q has %d characters", s, n)
	}
	if strings.ContainsFunc(got, func(r rune) bool {
		return unicode.IsControl(r) || unicode.Is(unicode.Cf, r) || unicode.IsSpace(r) && r != ' '
	}) || strings.TrimSpace(got) != got || strings.Contains(got, "  ") {
		t.Errorf("%q becomes %q, which is no plain line", s, got)
	}
	if again := neutral(got); again != got {
		t.Errorf("%q becomes %q, and that %q", s, got, again)
	}
}

func TestEverySummaryIsPlain(t *testing.T) {
	t.Parallel()
	part := rapid.OneOf(rapid.String(), rapid.SampledFrom([]string{
		"VPN ", "<!channel>", "<", ">", "@", "#", "!", "here", "http", "s", ":", "//", "www", ".", "evil.example", "|", "\u200b", "\u00ad",
		"\u202e", "\x00", "\n", "\u2028", "*", "_", "`", " ", "é", "\U000e0041",
	}))
	rapid.Check(t, func(r *rapid.T) {
		plain(r, strings.Join(rapid.SliceOfN(part, 0, 80).Draw(r, "parts"), ""))
	})
}

// FuzzDecode: whatever a model says, there is a triage of the closed list or the one error.
func FuzzDecode(f *testing.F) {
	for _, seed := range []string{
		`{"label":"network","priority":"high","summary":"VPN"}`, `{"label":"network","priority":"high","summary":"<!channel> https://x"}`,
		`{"label":"NETWORK"}`, `{}{}`, `null`, ``, "```json", `{"label":"network","label":"other","priority":"low","summary":"\u202e\ud800"}`,
	} {
		f.Add(seed)
	}
	labels := helpdesk.StarterTaxonomy()
	rules, err := redact.New()
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		got, err := decode(answer, labels, rules.Start())
		switch {
		case err != nil && (!errors.Is(err, ErrMalformed) || got != helpdesk.Triage{}):
			t.Errorf("%q: %+v, %v", answer, got, err)
		case err == nil && (got.Validate(labels) != nil || got.By != helpdesk.ByModel || len(answer) > maxAnswer):
			t.Errorf("%q: %+v, %v", answer, got, got.Validate(labels))
		}
		plain(t, answer)
		plain(t, got.Summary)
	})
}
