package gemini_test

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"strings"
	"sync"
	"testing"

	"github.com/echo-synch/echo-synch/internal/gemini"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func pkcs8(t *testing.T, key any) string {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

var rsaKey = sync.OnceValue(func() *rsa.PrivateKey {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		panic(err)
	}
	return key
})

// account is a key as Google's console makes it, with some fields replaced; "-" takes one out.
func account(t *testing.T, replaced map[string]string) []byte {
	t.Helper()
	fields := map[string]string{
		"type": "service_account", "project_id": "customer-ai", "private_key_id": "0123abc", "private_key": pkcs8(t, rsaKey()),
		"client_email": "triage@customer-ai.iam.gserviceaccount.com", "client_id": "1", "auth_uri": "https://accounts.google.com/o/oauth2/auth",
		"token_uri": "https://evil.example/token", "auth_provider_x509_cert_url": "https://evil.example", "client_x509_cert_url": "https://evil.example",
		"universe_domain": "googleapis.com",
	}
	maps.Copy(fields, replaced)
	maps.DeleteFunc(fields, func(_, v string) bool { return v == "-" })
	raw, err := json.Marshal(fields)
	if err != nil {
		t.Fatal(err)
	}
	return raw
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	for name, raw := range map[string][]byte{
		"as Google makes it": account(t, nil),
		"without what we do not read": account(t, map[string]string{
			"project_id": "-", "client_id": "-", "auth_uri": "-", "token_uri": "-", "auth_provider_x509_cert_url": "-",
			"client_x509_cert_url": "-", "universe_domain": "-",
		}),
	} {
		k, err := gemini.ParseKey(raw)
		if err != nil || k.IsZero() {
			t.Fatalf("%s: %v", name, err)
		}
		if kept := k.Reveal(); strings.Contains(kept, "evil") || !strings.Contains(kept, `"token_uri":"https://oauth2.googleapis.com/token"`) {
			t.Errorf("%s: an address of the key is kept", name)
		}
		again, err := gemini.ParseKey([]byte(k.Reveal()))
		if err != nil || again.Reveal() != k.Reveal() {
			t.Errorf("%s: what is kept does not read as itself: %v", name, err)
		}
		if said := fmt.Sprintf("%v %+v %#v", k, k, k); strings.Contains(said, "PRIVATE") {
			t.Errorf("%s: printing it shows it", name)
		}
	}
}

func TestParseKeyRefuses(t *testing.T) {
	t.Parallel()
	curve, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	one := func(name, value string) []byte { return account(t, map[string]string{name: value}) }
	for name, tt := range map[string]struct {
		raw []byte
		why error
	}{
		"nothing":             {nil, gemini.ErrKeyForm},
		"no JSON":             {[]byte(marker), gemini.ErrKeyForm},
		"a list":              {[]byte(`[]`), gemini.ErrKeyForm},
		"a field of a number": {[]byte(`{"type":1}`), gemini.ErrKeyForm},
		"two objects":         {bytes.Repeat(account(t, nil), 2), gemini.ErrKeyForm},
		"large":               {one("client_id", strings.Repeat("x", 8<<10)), gemini.ErrKeySize},
		"an unknown field":    {one(marker, marker), gemini.ErrKeyForm},
		"a person's":          {one("type", "authorized_user"), gemini.ErrKeyType},
		"federation":          {one("type", "external_account"), gemini.ErrKeyType},
		"impersonation":       {one("type", "impersonated_service_account"), gemini.ErrKeyType},
		"no type":             {one("type", "-"), gemini.ErrKeyType},
		"another cloud":       {one("universe_domain", "evil.example"), gemini.ErrKeyPlace},
		"a person's address":  {one("client_email", "rita@acme.example"), gemini.ErrKeyForm},
		"no PEM":              {one("private_key", marker), gemini.ErrKeyPrivate},
		"two blocks":          {one("private_key", pkcs8(t, rsaKey())+pkcs8(t, rsaKey())), gemini.ErrKeyPrivate},
		"PEM of nothing":      {one("private_key", "-----BEGIN PRIVATE KEY-----\n-----END PRIVATE KEY-----\n"), gemini.ErrKeyPrivate},
		"no RSA":              {one("private_key", pkcs8(t, curve)), gemini.ErrKeyPrivate},
	} {
		k, err := gemini.ParseKey(tt.raw)
		if !errors.Is(err, tt.why) || !k.IsZero() {
			t.Errorf("%s: %v, want %q", name, err, tt.why)
		}
		if err != nil && (strings.Contains(err.Error(), marker) || strings.Contains(err.Error(), "PRIVATE KEY")) {
			t.Errorf("%s: the error shows what it read: %v", name, err)
		}
	}
}

// A key becomes a token, and the call carries it; a revoked key is a refusal, and no call.
func TestAKeyIsUsed(t *testing.T) {
	t.Parallel()
	b := simulated(t)
	key, err := gemini.ParseKey(account(t, nil))
	if err != nil {
		t.Fatal(err)
	}
	open := func() *gemini.Provider {
		p, err := gemini.New(t.Context(), gemini.Config{Project: "customer-ai", Location: "europe-west4", Model: model, Key: key, BaseURL: b.url})
		if err != nil {
			t.Fatal(err)
		}
		return p
	}
	if _, err := open().Triage(t.Context(), "VPN", helpdesk.StarterTaxonomy()); err != nil {
		t.Fatal(err)
	}
	calls := b.calls()
	if len(calls) != 2 || calls[0].path != "/token" || calls[1].header.Get("Authorization") != "Bearer simulated" ||
		!strings.HasPrefix(calls[1].path, "/v1/projects/customer-ai/locations/europe-west4/") {
		t.Errorf("called %+v", calls)
	}
	answer, err := http.Post(b.url+"/sim/revoke", "application/json", nil)
	if err != nil || answer.Body.Close() != nil || answer.StatusCode != http.StatusOK {
		t.Fatal(answer, err)
	}
	got, err := open().Triage(t.Context(), "VPN "+marker, helpdesk.StarterTaxonomy())
	refused(t, got, err, gemini.ErrRefused)
	if n := len(b.calls()); n != 3 {
		t.Errorf("%d calls, want the one for a token beside the two before", n)
	}
}

// Google says how long to wait, in a header or in the error; more than an hour it may not.
func TestRetryAfter(t *testing.T) {
	t.Parallel()
	for name, tt := range map[string]struct {
		header, body string
		want         string
	}{
		"a header":          {"40", `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED"}}`, "40s"},
		"RetryInfo":         {"", `{"error":{"code":429,"status":"RESOURCE_EXHAUSTED","details":[{"@type":"type.googleapis.com/google.rpc.RetryInfo","retryDelay":"17.5s"}]}}`, "17.5s"},
		"more than an hour": {"86400", `{"error":{"code":429}}`, "1h0m0s"},
		"nothing":           {"", `{"error":{"code":429}}`, "0s"},
		"nonsense":          {"soon", `{"error":{"code":429,"details":[{"retryDelay":"soon"}]}}`, "0s"},
	} {
		b := setup(t, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			if tt.header != "" {
				w.Header().Set("Retry-After", tt.header)
			}
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusTooManyRequests)
			_, _ = w.Write([]byte(tt.body)) // the client may be gone
		}))
		_, err := b.Triage(t.Context(), "VPN", helpdesk.StarterTaxonomy())
		if got := gemini.RetryAfter(err).String(); !errors.Is(err, gemini.ErrQuota) || got != tt.want {
			t.Errorf("%s: %v, after %s", name, err, got)
		}
	}
}
