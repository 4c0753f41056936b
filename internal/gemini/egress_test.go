package gemini

import (
	"errors"
	"net/http"
	"testing"
)

func TestPublicOnly(t *testing.T) {
	t.Parallel()
	for address, open := range map[string]bool{
		"142.250.1.95:443": true, "[2a00:1450:4001::5f]:443": true,
		"127.0.0.1:443": false, "10.1.2.3:443": false, "172.16.0.1:443": false, "192.168.1.1:443": false, "169.254.169.254:80": false,
		"100.64.0.1:443": false, "0.0.0.0:443": false, "224.0.0.1:443": false, "255.255.255.255:443": false,
		"[::1]:443": false, "[fe80::1]:443": false, "[fd00::1]:443": false, "[fd00:ec2::254]:80": false, "[::ffff:10.0.0.1]:443": false,
		"[64:ff9b::a00:1]:443": false, "[::]:443": false, "metadata.google.internal:80": false, "": false,
	} {
		if err := publicOnly("tcp", address, nil); (err == nil) != open {
			t.Errorf("%q: %v", address, err)
		}
	}
}

// There is one way out: to Google's hosts of the list, by TLS.
func TestEgress(t *testing.T) {
	t.Parallel()
	out := newEgress()
	for _, address := range []string{
		"http://aiplatform.eu.rep.googleapis.com/", "https://evil.example/", "https://aiplatform.eu.rep.googleapis.com:8443/",
		"https://aiplatform.eu.rep.googleapis.com.evil.example/", "https://metadata.google.internal/", "https://127.0.0.1/",
	} {
		r, err := http.NewRequestWithContext(t.Context(), http.MethodGet, address, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := out.RoundTrip(r); !errors.Is(err, errEgress) { //nolint:bodyclose // there is none
			t.Errorf("%s: %v", address, err)
		}
	}
}
