package gemini_test

import (
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/gemini"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

func TestNewRefusesALocation(t *testing.T) {
	t.Parallel()
	for _, location := range []string{"", "global", "Belgium"} {
		p, err := gemini.New(t.Context(), gemini.Config{Project: "acme-help", Location: location, Model: model})
		if p != nil || err == nil || !strings.Contains(err.Error(), "europe-west1") {
			t.Errorf("%q: %v", location, err)
		}
	}
}

// What the SDK would read from its surroundings changes nothing: neither where a message goes, nor as whom. Not parallel, as it
// changes the environment.
func TestTheSurroundingsAreNotAsked(t *testing.T) {
	elsewhere := simulated(t)
	for name, value := range map[string]string{
		"GOOGLE_API_KEY": marker, "GEMINI_API_KEY": marker, "GOOGLE_CLOUD_PROJECT": marker, "GOOGLE_CLOUD_LOCATION": "global",
		"GOOGLE_CLOUD_REGION": "global", "GOOGLE_GENAI_USE_VERTEXAI": "false", "GOOGLE_GENAI_USE_ENTERPRISE": "false",
		"GOOGLE_VERTEX_BASE_URL": elsewhere.url, "GOOGLE_GEMINI_BASE_URL": elsewhere.url,
		"GOOGLE_APPLICATION_CREDENTIALS": filepath.Join(t.TempDir(), "missing.json"),
	} {
		t.Setenv(name, value)
	}
	b := simulated(t)
	if _, err := b.Triage(t.Context(), "VPN", helpdesk.StarterTaxonomy()); err != nil {
		t.Fatal(err)
	}
	if len(elsewhere.calls()) != 0 || len(b.calls()) != 1 {
		t.Fatalf("%d calls went elsewhere, %d to the simulator", len(elsewhere.calls()), len(b.calls()))
	}
	call := b.calls()[0]
	if !strings.HasPrefix(call.path, "/v1/projects/acme-help/locations/eu/publishers/") {
		t.Errorf("called %s", call.path)
	}
	for name, values := range call.header {
		if strings.Contains(strings.Join(values, " "), marker) {
			t.Errorf("the header %s is %v", name, values)
		}
	}
}

// Credentials are looked for at the start, without a call, and no complaint shows them. Not parallel, as it changes the
// environment.
func TestCredentials(t *testing.T) {
	key, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	account, err := json.Marshal(map[string]string{
		"type": "service_account", "project_id": "acme-help", "private_key_id": "1", "client_email": "triage@acme-help.iam.gserviceaccount.com",
		"private_key": string(pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})), "token_uri": "http://127.0.0.1:1/token",
	})
	if err != nil {
		t.Fatal(err)
	}
	for name, tt := range map[string]struct {
		file string
		ok   bool
	}{
		"service account": {string(account), true},
		"no JSON":         {"private_key: " + marker, false},
		"unknown type":    {`{"type":"` + marker + `","private_key":"` + marker + `"}`, false},
		"empty":           {"", false},
	} {
		path := filepath.Join(t.TempDir(), "account.json")
		if err := os.WriteFile(path, []byte(tt.file), 0o600); err != nil {
			t.Fatal(err)
		}
		t.Setenv("GOOGLE_APPLICATION_CREDENTIALS", path)
		p, err := gemini.New(t.Context(), gemini.Config{Project: "acme-help", Location: "eu", Model: model})
		if (err == nil) != tt.ok || (p != nil) != tt.ok {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && (strings.Contains(err.Error(), marker) || !strings.Contains(err.Error(), "GOOGLE_APPLICATION_CREDENTIALS")) {
			t.Errorf("%s: %v", name, err)
		}
	}
}
