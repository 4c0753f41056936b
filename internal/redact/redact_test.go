package redact_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/redact"
)

func rules(t testing.TB) *redact.Redactor {
	t.Helper()
	r, err := redact.New()
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// One value has one name in every text of a request, however it is spelt; another request begins anew.
func TestPlaceholdersAreStable(t *testing.T) {
	t.Parallel()
	r := rules(t).Start()
	for _, step := range []struct{ text, want string }{
		{"mail ben@acme.example or eva@acme.example", "mail [E-MAIL-1] or [E-MAIL-2]"},
		{"Ben@Acme.example is away", "[E-MAIL-1] is away"},
		{"IBAN DE89 3704 0044 0532 0130 00", "IBAN [IBAN-1]"},
		{"IBAN de89370400440532013000", "IBAN [IBAN-1]"},
		{"call +49 30 1234567 or +49 (30) 1234568", "call [PHONE-1] or [PHONE-2]"},
		{"tel: +4930-1234567", "tel: [PHONE-1]"},
		{"password: Summer2026! and eva@acme.example", "password: [PASSWORD-1] and [E-MAIL-2]"},
		{"<mailto:ben@acme.example|ben@acme.example>", "<mailto:[E-MAIL-1]|[E-MAIL-1]>"},
	} {
		if got := r.Text(step.text); got != step.want {
			t.Errorf("%q becomes %q, want %q", step.text, got, step.want)
		}
	}
	if got := rules(t).Start().Text("eva@acme.example"); got != "[E-MAIL-1]" {
		t.Errorf("another request begins with %q", got)
	}
}

// What is read again stays as it is.
func TestPlaceholdersAreNoValues(t *testing.T) {
	t.Parallel()
	r := rules(t).Start(redact.IPAddress, redact.HostName)
	once := r.Text("password: Summer2026!, OTP: 730155, host-12 at 10.0.0.1, a@acme.example")
	for _, again := range []string{once, redact.Placeholder.ReplaceAllString(once, "$1")} {
		if got := r.Text(again); got != again {
			t.Errorf("%q becomes %q", again, got)
		}
	}
}

// A secret that one text gave away is known in the next, where nothing around it says what it is. A person's address is
// always seen, and a short word is not looked for.
func TestWhatWasGivenAwayIsKnown(t *testing.T) {
	t.Parallel()
	r := rules(t).Start()
	r.Text("The password for Wi-Fi is Summer2026!, the PIN is 4821")
	for _, step := range []struct{ text, want string }{
		{"User wrote Summer2026!", "User wrote [PASSWORD-1]"},
		{"summer2026! does not work, xSUMMER2026!x", "[PASSWORD-1] does not work, x[PASSWORD-1]x"},
		{"Sum\u200bmer2026\u00ad! is rejected", "[PASSWORD-1] is rejected"},
		{"room 4821", "room 4821"},
	} {
		if got := r.Text(step.text); got != step.want {
			t.Errorf("%q becomes %q, want %q", step.text, got, step.want)
		}
	}
}

// What people type, set and use, and is no password.
func TestWhatIsTypedAndNoSecret(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"login screen frozen, I tried Ctrl+Alt+Del twice, then Strg+Alt+Entf", "password reset done, now Marks&Spencer sends mails again",
		"I can log in with Visual C++2019 now", "set the wifi to 5GHz+LTE and log in", "user @dana22 logged in with @dana22 now",
		"account now on SRV-PRD-01, then srv-db-02", "login with EPSON-ET2850 printer", "used Windows-Server-2022 account", "with iPhone15Pro login",
		"try INC0048213-A or REQ0012 with my account", "sign in with Office2019Pro, then Q3-Report-2024", "account now MacBookPro16, then ThinkPadX1",
		"I set wifi to WPA2-PSK", "put my user in GRP-FIN-2024", "now Teams2.1.00 asks for login", "with KB5034441 installed login fails",
		"ich habe dann Strg+C gedrückt, Anmeldung hängt",
	} {
		if got := rules(t).Start().Text(text); got != text {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}

// What a help desk lives by is kept unless the workspace hides it.
func TestAddressesAndHosts(t *testing.T) {
	t.Parallel()
	const text = `LT-4711 cannot ping srv-db01.acme.example (10.20.30.40, fe80::1ff:fe23:4567:890a) or \\fs01\team, report.docx, at 10:15:30, MAC 00:1A:2B:3C:4D:5E`
	if got := rules(t).Start().Text(text); got != text {
		t.Errorf("kept %q", got)
	}
	const hidden = `[HOST-1] cannot ping [HOST-2] ([IP-1], [IP-2]) or [HOST-3]\team, report.docx, at 10:15:30, MAC 00:1A:2B:3C:4D:5E`
	if got := rules(t).Start(redact.IPAddress, redact.HostName).Text(text); got != hidden {
		t.Errorf("hidden %q, want %q", got, hidden)
	}
	if got := rules(t).Start(redact.IPAddress).Text("srv-db01 is 10.20.30.40, mail a@srv-db01.acme.example"); got != "srv-db01 is [IP-1], mail [E-MAIL-1]" {
		t.Errorf("only addresses hidden: %q", got)
	}
}

func TestSecrets(t *testing.T) {
	t.Parallel()
	for text, want := range map[string][]redact.Kind{
		"VPN drops every ten minutes":                        nil,
		"mail ben@acme.example, call +49 30 1234567":         nil,
		"IBAN DE89 3704 0044 0532 0130 00":                   nil,
		"10.20.30.40 does not answer srv-db01.acme.example":  nil,
		"password: Summer2026!":                              {redact.Password},
		"password: Summer2026! and pwd: Winter2026!":         {redact.Password},
		"card 4111 1111 1111 1111, OTP: 730155":              {redact.Card, redact.RecoveryCode},
		"redis://:r3disPass@cache01 and password: Summer26!": {redact.ConnectionString, redact.Password},
	} {
		if got := rules(t).Secrets(text); !slices.Equal(got, want) {
			t.Errorf("%q holds %v, want %v", text, got, want)
		}
	}
}

// No words of a message switch the rules off, as they do in a repository.
func TestNothingExcuses(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"gitleaks:allow AKIA" + "IOSFODNN7EXAMPLE", "AKIA" + "IOSFODNN7EXAMPLE # nosec #pragma: allowlist secret", "[TOKEN-1] AKIA" + "IOSFODNN7EXAMPLE",
		"A\u200bKIA" + "IOSFODNN7EX\u2060AMPLE",
	} {
		if got := rules(t).Start().Text(text); strings.Contains(got, "IOSFODNN7") {
			t.Errorf("%q becomes %q", text, got)
		}
	}
}
