package gemini_test

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/geminisim"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/redact"
)

// saying is a server that answers every call with a summary.
func saying(t *testing.T, summary string) *bundle {
	t.Helper()
	answer, err := json.Marshal(map[string]string{"label": "network", "priority": "high", "summary": summary})
	if err != nil {
		t.Fatal(err)
	}
	return setup(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		_, _ = io.WriteString(w, candidate(string(answer), "STOP")) // the client may be gone
	}))
}

const pass = "Okapi!Summer2026"

// A model that repeats all it is told has not been told what must not leave, and one that makes something up is not believed.
func TestNothingSecretGoesOutOrComesBack(t *testing.T) {
	t.Parallel()
	b := setup(t, geminisim.New(geminisim.Config{}))
	b.fault(t, `{"mode":"echo"}`)
	got, err := b.Triage(t.Context(), "VPN: my password is "+pass+", write to okapi@acme.example from 10.0.0.7", helpdesk.StarterTaxonomy())
	if err != nil {
		t.Fatal(err)
	}
	if want := "VPN: my password is PASSWORD-1, write to E-MAIL-1 from 10.0.0.7"; got.Summary != want {
		t.Errorf("summary %q, want %q", got.Summary, want)
	}
	for _, call := range b.calls() {
		if strings.Contains(string(call.body), pass) || strings.Contains(string(call.body), "okapi@") {
			t.Errorf("sent %s", call.body)
		}
	}
	for summary, want := range map[string]string{
		"VPN for okapi@acme.example":                      "VPN for E-MAIL-1",
		"The password is " + pass:                         "The password is PASSWORD-2",
		"User tried Winter#2027x in vain":                 "User tried PASSWORD-1 in vain", // known from this very message
		"User tried winter#2027X, Win\u200bter#2027x":     "User tried PASSWORD-1, PASSWORD-1",
		"The *password* is `" + pass + "`":                "The password is PASSWORD-2",
		"Card 4111-1111-1111-1111":                        "Card CARD-1",
		"IBAN DE89 3704 0044 0532 0130 00, +49 30 123456": "IBAN IBAN-1, PHONE-1",
		"AKIA" + "Q3EGV7ZK2LMNOP45 is refused":            "TOKEN-1 is refused",
	} {
		got, err := saying(t, summary).Triage(t.Context(), "VPN password: Winter#2027x", helpdesk.StarterTaxonomy())
		if err != nil || got.Summary != want {
			t.Errorf("%q becomes %q, want %q, %v", summary, got.Summary, want, err)
		}
	}
}

// Addresses and host names leave unless the workspace hides them.
func TestAddressesAreHiddenOnDemand(t *testing.T) {
	t.Parallel()
	const text = "srv-db01.acme.example is 10.20.30.40"
	for want, also := range map[string][]redact.Kind{
		text:                 nil,
		"[HOST-1] is [IP-1]": {redact.IPAddress, redact.HostName},
	} {
		b := simulated(t)
		if _, err := b.Triage(t.Context(), text, helpdesk.StarterTaxonomy(), also...); err != nil {
			t.Fatal(err)
		}
		if m := message.FindStringSubmatch(parse(t, b.calls()[0]).Contents[0].Parts[0]["text"]); m == nil || strings.ReplaceAll(m[3], m[1], " ") != want {
			t.Errorf("sent %q, want %q", m, want)
		}
	}
}

// A value at the place where a long message is cut is not sent in half.
func TestACutLeavesNoHalf(t *testing.T) {
	t.Parallel()
	for _, value := range []string{"4111 1111 1111 1111", "okapi@acme.example", "DE89 3704 0044 0532 0130 00"} {
		for _, before := range []int{7990, 8500} {
			b := simulated(t)
			text := strings.Repeat("x ", before/2) + value + strings.Repeat(" y", 2000)
			if _, err := b.Triage(t.Context(), text, helpdesk.StarterTaxonomy()); err != nil {
				t.Fatal(err)
			}
			if sent := string(b.calls()[0].body); strings.Contains(sent, value[:4]) {
				t.Errorf("%s at %d is sent in part", value, before)
			}
		}
	}
}
