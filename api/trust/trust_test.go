package trust_test

import (
	"bytes"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/api"
	"github.com/echo-synch/echo-synch/api/trust"
	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
)

type bundle struct {
	store  *postgres.Store
	signer certificate.Signer
	url    string
}

func setup(t *testing.T) *bundle {
	t.Helper()
	url, _ := postgrestest.Main(t)
	store, err := postgres.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	signer, err := certificate.NewSigner(make([]byte, 32), bytes.Repeat([]byte{1}, 32))
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	server := httptest.NewServer(api.New("", log, nil, &trust.Handler{Store: store, Public: signer.Published(), Model: "Model: gemini in eu, ours\n", Log: log}).Handler)
	t.Cleanup(server.Close)
	return &bundle{store, signer, server.URL}
}

func (b *bundle) get(t *testing.T, path string) (status int, header http.Header, body []byte) {
	t.Helper()
	res, err := http.Get(b.url + path)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if body, err = io.ReadAll(res.Body); err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, res.Header, body
}

// What is served verifies with the key that is served.
// Which model reads requests is told to whoever asks.
func TestModel(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if status, _, body := b.get(t, "/trust/model"); status != http.StatusOK || string(body) != "Model: gemini in eu, ours\n" {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ := b.get(t, "/trust/model/else"); status != http.StatusNotFound {
		t.Errorf("%d for an address that is none", status)
	}
}

func TestCertificateAndKey(t *testing.T) {
	t.Parallel()
	b := setup(t)
	id, workspace, now := helpdesk.NewCertificateID(), helpdesk.NewWorkspaceID(time.Now()), time.Now()
	issued, err := b.signer.Issue(certificate.Certificate{ID: id, Workspace: workspace, Number: 1, Scope: helpdesk.ScopePurge, Started: now, Ended: now})
	if err != nil {
		t.Fatal(err)
	}
	if err := b.store.InWorkspace(t.Context(), workspace, func(tx *postgres.Tx) error {
		return tx.PutCertificate(t.Context(), postgres.Certificate{ID: id, Number: 1, Hash: issued.Hash, Document: issued.Document, IssuedAt: now})
	}); err != nil {
		t.Fatal(err)
	}
	status, _, pem := b.get(t, "/trust/key")
	keys, err := certificate.ParsePublicKeys(pem)
	if err != nil || len(keys) != 2 || status != http.StatusOK {
		t.Fatalf("key: %d, %v: %s", status, err, pem)
	}
	status, header, document := b.get(t, "/trust/certificates/"+id.String())
	if status != http.StatusOK || header.Get("Content-Type") != "application/json" ||
		header.Get("Content-Disposition") != `inline; filename="certificate-`+id.String()+`.json"` {
		t.Errorf("certificate: %d, %v", status, header)
	}
	if c, err := certificate.Verify(document, keys...); err != nil || c.ID != id {
		t.Errorf("verified: %+v, %v", c, err)
	}
}

// Unknown, malformed and not yet issued look alike.
func TestNoCertificate(t *testing.T) {
	t.Parallel()
	b := setup(t)
	var first string
	for _, id := range []string{helpdesk.NewCertificateID().String(), "x", "..%2f..%2fkey", "5F0C", "%00", "' or 1=1"} {
		status, _, body := b.get(t, "/trust/certificates/"+id)
		if first == "" {
			first = string(body)
		}
		if status != http.StatusNotFound || string(body) != first || len(body) == 0 {
			t.Errorf("%q: %d %s", id, status, body)
		}
	}
}

func TestDatabaseIsDown(t *testing.T) {
	t.Parallel()
	b := setup(t)
	b.store.Close()
	if status, _, body := b.get(t, "/trust/certificates/"+helpdesk.NewCertificateID().String()); status != http.StatusServiceUnavailable {
		t.Errorf("%d %s", status, body)
	}
	if status, _, _ := b.get(t, "/trust/key"); status != http.StatusOK {
		t.Errorf("the key needs no database: %d", status)
	}
}
