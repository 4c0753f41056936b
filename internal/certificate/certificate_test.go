package certificate_test

import (
	"bytes"
	"crypto/ed25519"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

var ended = time.Date(2026, 11, 26, 12, 0, 0, 123456789, time.FixedZone("CET", 3600))

func signer(t testing.TB, seed byte) certificate.Signer {
	t.Helper()
	s, err := certificate.NewSigner(bytes.Repeat([]byte{seed}, ed25519.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func sample() certificate.Certificate {
	id, workspace := helpdesk.CertificateID{1}, helpdesk.WorkspaceID{2}
	return certificate.Certificate{
		ID: id, Workspace: workspace, Number: 1, Scope: helpdesk.ScopePurge, Started: ended.Add(-time.Hour), Ended: ended,
		Times: map[string]time.Time{"uninstalled": ended.Add(-time.Hour), "keys_destroyed": ended}, Counts: map[string]int64{"rows": 7, "keys": 3},
		NotCovered: certificate.NotCovered(helpdesk.ScopePurge, ended),
	}
}

func issue(t testing.TB, s certificate.Signer, c certificate.Certificate) certificate.Issued {
	t.Helper()
	issued, err := s.Issue(c)
	if err != nil {
		t.Fatal(err)
	}
	return issued
}

// The form is fixed: this is what reviewers have on their disks.
func TestTheForm(t *testing.T) {
	t.Parallel()
	c := sample()
	c.NotCovered = []string{"a <b> & c"}
	const want = `{"certificate":{"version":1,"id":"01000000-0000-0000-0000-000000000000","workspace":"02000000-0000-0000-0000-000000000000",` +
		`"number":1,"previous":"","scope":"purge","started":"2026-11-26T10:00:00.123456Z","ended":"2026-11-26T11:00:00.123456Z",` +
		`"times":{"keys_destroyed":"2026-11-26T11:00:00.123456Z","uninstalled":"2026-11-26T10:00:00.123456Z"},` +
		`"counts":{"keys":3,"rows":7},"not_covered":["a <b> & c"],"key":"34750f98bd59fcfc"},"signature":"`
	got := string(issue(t, signer(t, 1), c).Document)
	if !strings.HasPrefix(got, want) || !strings.HasSuffix(got, "==\"}\n") {
		t.Errorf("got  %s\nwant %s", got, want)
	}
	if again := string(issue(t, signer(t, 1), c).Document); again != got {
		t.Error("the same certificate has two forms")
	}
}

func TestVerify(t *testing.T) {
	t.Parallel()
	s := signer(t, 1)
	issued := issue(t, s, sample())
	c, err := certificate.Verify(issued.Document, s.Public())
	if err != nil {
		t.Fatal(err)
	}
	if c.Counts["rows"] != 7 || c.Scope != helpdesk.ScopePurge || !c.Ended.Equal(ended.Truncate(time.Microsecond)) || len(c.NotCovered) != 5 {
		t.Errorf("read %+v", c)
	}
	if hash, err := c.Hash(); err != nil || hash != issued.Hash {
		t.Errorf("hash %s, %v, issued with %s", hash, err, issued.Hash)
	}
}

// Whatever bit of a document changes, however it is cut, and whatever is added: it is refused.
func TestTampered(t *testing.T) {
	t.Parallel()
	s := signer(t, 1)
	doc := issue(t, s, sample()).Document
	for i := range doc {
		for bit := range 8 {
			changed := bytes.Clone(doc)
			changed[i] ^= 1 << bit
			if _, err := certificate.Verify(changed, s.Public()); err == nil {
				t.Fatalf("bit %d of byte %d changed, and it is taken: %s", bit, i, changed)
			}
		}
		if _, err := certificate.Verify(doc[:i], s.Public()); err == nil {
			t.Fatalf("cut off after %d bytes, and it is taken", i)
		}
	}
	for _, more := range []string{" ", "\n", "{}", "x", "\x00"} {
		if _, err := certificate.Verify(append(bytes.Clone(doc), more...), s.Public()); !errors.Is(err, certificate.ErrForm) {
			t.Errorf("%q added: %v", more, err)
		}
	}
}

func TestRefused(t *testing.T) {
	t.Parallel()
	s := signer(t, 1)
	doc := issue(t, s, sample()).Document
	replace := func(old, by string) []byte { return bytes.Replace(doc, []byte(old), []byte(by), 1) }
	for name, tt := range map[string]struct {
		doc  []byte
		key  ed25519.PublicKey
		want error
	}{
		"another key":         {doc, signer(t, 2).Public(), certificate.ErrKey},
		"another count":       {replace(`"rows":7`, `"rows":8`), s.Public(), certificate.ErrSignature},
		"another scope":       {replace(`"scope":"purge"`, `"scope":"retention"`), s.Public(), certificate.ErrSignature},
		"white space":         {replace(`"rows":7`, `"rows": 7`), s.Public(), certificate.ErrSignature},
		"a field twice":       {replace(`"rows":7`, `"rows":7,"rows":7`), s.Public(), certificate.ErrSignature},
		"a field of its own":  {replace(`"number":1`, `"number":1,"note":"x"`), s.Public(), certificate.ErrSignature},
		"a field outside":     {replace(`{"certificate"`, `{"note":"x","certificate"`), s.Public(), certificate.ErrForm},
		"white space outside": {replace(`{"certificate":`, `{"certificate": `), s.Public(), certificate.ErrForm},
		"a later form":        {replace(`"version":1`, `"version":2`), s.Public(), certificate.ErrVersion},
		"empty":               {nil, s.Public(), certificate.ErrForm},
		"no JSON":             {[]byte("certificate"), s.Public(), certificate.ErrForm},
		"an array":            {[]byte("[]"), s.Public(), certificate.ErrForm},
		"nothing in it":       {[]byte("{}"), s.Public(), certificate.ErrForm},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if c, err := certificate.Verify(tt.doc, tt.key); !errors.Is(err, tt.want) || c.Number != 0 {
				t.Errorf("got %+v, %v, want %v", c, err, tt.want)
			}
		})
	}
}

func TestVerifyChain(t *testing.T) {
	t.Parallel()
	s := signer(t, 1)
	var chain []certificate.Certificate
	previous := ""
	for n := range int64(4) {
		c := sample()
		c.Number, c.Previous = n+1, previous
		issued := issue(t, s, c)
		verified, err := certificate.Verify(issued.Document, s.Public())
		if err != nil {
			t.Fatal(err)
		}
		chain, previous = append(chain, verified), issued.Hash
	}
	other, changed := chain[2], chain[2]
	other.Workspace, changed.Counts = helpdesk.WorkspaceID{9}, map[string]int64{"rows": 1}
	for name, tt := range map[string]struct {
		chain []certificate.Certificate
		want  error
	}{
		"none":              {nil, nil},
		"one":               {chain[3:], nil},
		"all":               {chain, nil},
		"in another order":  {[]certificate.Certificate{chain[2], chain[0], chain[1]}, nil},
		"one left out":      {[]certificate.Certificate{chain[0], chain[2]}, certificate.ErrChain},
		"one twice":         {[]certificate.Certificate{chain[0], chain[0]}, certificate.ErrChain},
		"another workspace": {[]certificate.Certificate{chain[1], other}, certificate.ErrChain},
		"one replaced":      {[]certificate.Certificate{changed, chain[3]}, certificate.ErrChain},
	} {
		if err := certificate.VerifyChain(tt.chain); !errors.Is(err, tt.want) || tt.want == nil && err != nil {
			t.Errorf("%s: %v, want %v", name, err, tt.want)
		}
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	key := signer(t, 1).Public()
	pem, err := certificate.PEM(key)
	if err != nil {
		t.Fatal(err)
	}
	for _, form := range []string{string(pem), base64.StdEncoding.EncodeToString(key), base64.StdEncoding.EncodeToString(key) + "\n"} {
		if got, err := certificate.ParsePublicKeys([]byte(form)); err != nil || len(got) != 1 || !got[0].Equal(key) {
			t.Errorf("%q: %v", form, err)
		}
	}
	two, err := certificate.PEM(key, signer(t, 2).Public())
	if err != nil {
		t.Fatal(err)
	}
	if got, err := certificate.ParsePublicKeys(two); err != nil || len(got) != 2 || !got[0].Equal(key) || !got[1].Equal(signer(t, 2).Public()) {
		t.Errorf("two: %v, %v", got, err)
	}
	const rsa = "-----BEGIN PUBLIC KEY-----\nMFwwDQYJKoZIhvcNAQEBBQADSwAwSAJBAKj34GkxFhD90vcNLYLInFEX6Ppy1tPf\n9Cnzj4p4WGeKLs1Pt8QuKUpRKfFLfRYC9AIKjbJTWit+CqvjWYzvQwECAwEAAQ==\n-----END PUBLIC KEY-----\n"
	for _, form := range []string{"", "x", base64.StdEncoding.EncodeToString(key[:31]), rsa, string(pem) + rsa, "-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----\n"} {
		if _, err := certificate.ParsePublicKeys([]byte(form)); !errors.Is(err, certificate.ErrPublicKey) {
			t.Errorf("%q: %v", form, err)
		}
	}
	for _, seeds := range [][]int{{31}, {32, 31}} {
		var former [][]byte
		for _, n := range seeds[1:] {
			former = append(former, make([]byte, n))
		}
		if _, err := certificate.NewSigner(make([]byte, seeds[0]), former...); err == nil {
			t.Errorf("seeds of %d bytes are taken", seeds)
		}
	}
	if _, err := (certificate.Signer{}).Issue(sample()); !errors.Is(err, certificate.ErrNoKey) {
		t.Errorf("without a key: %v", err)
	}
	if s := fmt.Sprintf("%v %+v %#v", signer(t, 1), signer(t, 1), signer(t, 1)); strings.Contains(s, "1, 1, 1") || strings.Contains(s, "1 1 1") || strings.Contains(s, "0x1, 0x1") {
		t.Errorf("a signer prints its key: %s", s)
	}
}

func FuzzVerify(f *testing.F) {
	s := signer(f, 1)
	doc := issue(f, s, sample()).Document
	f.Add(doc)
	f.Add([]byte(`{"certificate":{"key":"x"},"signature":""}`))
	f.Fuzz(func(t *testing.T, b []byte) {
		if _, err := certificate.Verify(b, s.Public()); err == nil && !bytes.Equal(b, doc) {
			t.Errorf("forged: %s", b)
		}
	})
}

// What was signed before the key was replaced verifies with what is published after, and the chain goes on.
func TestReplacedKey(t *testing.T) {
	t.Parallel()
	before := signer(t, 1)
	after, err := certificate.NewSigner(bytes.Repeat([]byte{2}, ed25519.SeedSize), bytes.Repeat([]byte{1}, ed25519.SeedSize))
	if err != nil {
		t.Fatal(err)
	}
	var chain []certificate.Certificate
	previous := ""
	for n, s := range []certificate.Signer{before, after} {
		c := sample()
		c.Number, c.Previous = int64(n)+1, previous
		issued, err := s.Issue(c)
		if err != nil {
			t.Fatal(err)
		}
		previous = issued.Hash
		verified, err := certificate.Verify(issued.Document, after.Published()...)
		if err != nil || verified.Key != certificate.KeyID(s.Public()) {
			t.Errorf("number %d: %+v, %v", n+1, verified, err)
		}
		if _, err := certificate.Verify(issued.Document, after.Published()[n]); !errors.Is(err, certificate.ErrKey) {
			t.Errorf("number %d with the other key: %v", n+1, err)
		}
		chain = append(chain, verified)
	}
	if err := certificate.VerifyChain(chain); err != nil {
		t.Error(err)
	}
}
