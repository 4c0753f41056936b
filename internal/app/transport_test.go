package app_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/app"
	"github.com/echo-synch/echo-synch/internal/tlsgrade"
	"github.com/echo-synch/echo-synch/internal/tlstest"
)

// The running api, with a certificate of its own, gets the best grade there is; the report is printed with -v.
func TestTheAPIGetsAPlus(t *testing.T) {
	t.Parallel()
	cfg, authority := servers(t), tlstest.NewAuthority(t)
	certificate := authority.Issue(t, tlstest.NewKey(t), nil, "help.example.com")
	cfg.Transport.CertFile, cfg.Transport.KeyFile = tlstest.Write(t, t.TempDir(), certificate)
	p := start(t, app.API, cfg)
	addr, _ := p.logged(t, "api is up")["listen"].(string)

	report, err := tlsgrade.Grade(t.Context(), tlsgrade.Target{
		Addr: addr, Name: "help.example.com", Roots: authority.Pool, Path: "/health", Now: time.Now(),
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Logf("\n%s", report)
	if report.Grade != "A+" {
		t.Errorf("grade %s", report.Grade)
	}
	for _, note := range report.Notes {
		if strings.Contains(note, "_CBC_") || strings.Contains(note, "TLS_RSA_") {
			t.Errorf("a suite without AEAD or forward secrecy is accepted: %s", note)
		}
	}

	// Who forgets the s is not served.
	res, err := http.Get("http://" + addr + "/health")
	if err != nil {
		t.Fatal(err)
	}
	res.Body.Close()
	if res.StatusCode != http.StatusBadRequest {
		t.Errorf("in clear: status %d", res.StatusCode)
	}
}

func TestTheAPIRefusesACertificateWithoutItsKey(t *testing.T) {
	t.Parallel()
	cfg, authority := servers(t), tlstest.NewAuthority(t)
	cfg.Transport.CertFile, _ = tlstest.Write(t, t.TempDir(), authority.Issue(t, tlstest.NewKey(t), nil, "a.example"))
	_, cfg.Transport.KeyFile = tlstest.Write(t, t.TempDir(), authority.Issue(t, tlstest.NewKey(t), nil, "a.example"))
	if err := start(t, app.API, cfg).end(t); err == nil || !strings.Contains(err.Error(), "TLS_CERT_FILE") {
		t.Errorf("got %v", err)
	}
}
