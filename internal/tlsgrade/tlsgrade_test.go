package tlsgrade

import (
	"crypto"
	"crypto/rand"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/tlstest"
)

const name = "help.example.com"

// weak is how a server of a test differs from a good one.
type weak struct {
	key    crypto.Signer
	change func(*x509.Certificate)
	name   string
	hsts   string
	config func(*tls.Config)
	roots  *x509.CertPool
}

// grade starts a good server, but for what is weak, and grades it.
func grade(t *testing.T, w weak) Report {
	t.Helper()
	authority := tlstest.NewAuthority(t)
	if w.key == nil {
		w.key = tlstest.NewKey(t)
	}
	if w.name == "" {
		w.name = name
	}
	if w.hsts == "" {
		w.hsts = "max-age=63072000; includeSubDomains"
	}
	if w.roots == nil {
		w.roots = authority.Pool
	}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, _ *http.Request) {
		rw.Header().Set("Strict-Transport-Security", w.hsts)
	}))
	server.Config.ErrorLog = log.New(io.Discard, "", 0)
	server.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Issue(t, w.key, w.change, w.name)}}
	if w.config != nil {
		w.config(server.TLS)
	}
	server.StartTLS()
	t.Cleanup(server.Close)
	r, err := Grade(t.Context(), Target{Addr: server.Listener.Addr().String(), Name: name, Roots: w.roots, Path: "/", Now: time.Now()})
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func rsaKey(t *testing.T, bits int) crypto.Signer {
	t.Helper()
	key, err := rsa.GenerateKey(rand.Reader, bits)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

// allSuites makes a server take whatever Go can, down to version.
func allSuites(version uint16) func(*tls.Config) {
	return func(c *tls.Config) { c.MinVersion, c.CipherSuites = version, goSuites() }
}

func TestGrade(t *testing.T) {
	t.Parallel()
	for title, tt := range map[string]struct {
		weak weak
		want string
		says string // in a finding
	}{
		"good":        {weak{}, "A+", ""},
		"good, RSA":   {weak{key: rsaKey(t, 2048)}, "A+", ""},
		"no HSTS":     {weak{hsts: "max-age=0"}, "A", "HSTS is missing"},
		"short HSTS":  {weak{hsts: "max-age=86400"}, "A", "shorter than 180 days"},
		"no TLS 1.3":  {weak{config: func(c *tls.Config) { c.MaxVersion = tls.VersionTLS12 }}, "A-", "TLS 1.3 is not spoken"},
		"TLS 1.1":     {weak{config: func(c *tls.Config) { c.MinVersion = tls.VersionTLS11 }}, "B", "TLS 1.0 or 1.1 is spoken"},
		"short key":   {weak{key: rsaKey(t, 1024)}, "B", "shorter than 2048 bits"},
		"RSA and RC4": {weak{key: rsaKey(t, 2048), config: allSuites(tls.VersionTLS10)}, "C", "RC4 is accepted in TLS 1.1"},
		"only old": {weak{config: func(c *tls.Config) { c.MinVersion, c.MaxVersion = tls.VersionTLS10, tls.VersionTLS11 }}, "C",
			"TLS 1.2 is not spoken"},
		"no forward secrecy": {weak{key: rsaKey(t, 2048), config: func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_RSA_WITH_AES_128_GCM_SHA256}
		}}, "B", "no forward secrecy"},
		"no AEAD": {weak{config: func(c *tls.Config) {
			c.MaxVersion, c.CipherSuites = tls.VersionTLS12, []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA}
		}}, "B", "AEAD"},
		"another name": {weak{name: "other.example.com"}, "M", "another name"},
		"expired":      {weak{change: func(c *x509.Certificate) { c.NotAfter = time.Now().Add(-time.Minute) }}, "T", "out of its time"},
		"unknown":      {weak{roots: tlstest.NewAuthority(t).Pool}, "T", "not trusted"},
	} {
		t.Run(title, func(t *testing.T) {
			t.Parallel()
			r := grade(t, tt.weak)
			if r.Grade != tt.want || !strings.Contains(strings.Join(r.Findings, "\n"), tt.says) {
				t.Errorf("want %s for %q, got\n%s", tt.want, tt.says, r)
			}
		})
	}
}

// What the report says of a good server is what was configured.
func TestReport(t *testing.T) {
	t.Parallel()
	r := grade(t, weak{config: func(c *tls.Config) {
		c.CipherSuites = []uint16{tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384}
		c.CurvePreferences = []tls.CurveID{tls.X25519, tls.CurveP384}
	}})
	for _, want := range []string{
		"TLS 1.2 (completed): TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384\n", "TLS 1.3 (completed): TLS_", "key exchange: X25519, P-384\n",
		"RSA with 3072 bits, for 89 days", "HSTS: 730 days", "protocols 100, key exchange 90, ciphers 90",
	} {
		if !strings.Contains(strings.ReplaceAll(r.String(), "P-384, X25519", "X25519, P-384"), want) {
			t.Errorf("no %q in\n%s", want, r)
		}
	}
}

// What no server of Go does is rated from facts.
func TestRate(t *testing.T) {
	t.Parallel()
	good := func() facts {
		return facts{
			suites: map[uint16][]suite{
				tls.VersionTLS12: {find(0xC02B), find(0xC02C)}, tls.VersionTLS13: {find(0x1301), find(0x1302)},
			},
			renegotiation: true, fallback: true, keyBits: 3072, hsts: 365 * 24 * time.Hour, groups: groups[2:3],
		}
	}
	add := func(version uint16, id uint16) func(*facts) {
		return func(f *facts) { f.suites[version] = append(f.suites[version], find(id)) }
	}
	for title, tt := range map[string]struct {
		change func(*facts)
		want   string
	}{
		"good":              {func(*facts) {}, "A+"},
		"SSL 2":             {add(versionSSL2, 0), "F"},
		"SSL 3":             {add(versionSSL3, 0x002F), "C"},
		"anonymous":         {add(tls.VersionTLS12, 0x00A6), "F"},
		"no encryption":     {add(tls.VersionTLS12, 0x003B), "F"},
		"export":            {add(tls.VersionTLS10, 0x0003), "F"},
		"compression":       {func(f *facts) { f.compressed = true }, "C"},
		"tiny key":          {func(f *facts) { f.keyBits = 768 }, "F"},
		"tiny prime":        {func(f *facts) { f.primeBits = 768 }, "F"},
		"short prime":       {func(f *facts) { f.primeBits = 1024 }, "B"},
		"RC4 in TLS 1.0":    {add(tls.VersionTLS10, 0x0005), "B"},
		"RC4 in TLS 1.2":    {add(tls.VersionTLS12, 0x0005), "C"},
		"3DES in TLS 1.2":   {add(tls.VersionTLS12, 0xC008), "C"},
		"no renegotiation":  {func(f *facts) { f.renegotiation = false }, "A-"},
		"no fallback guard": {func(f *facts) { f.fallback = false }, "A"},
		"untrusted, and all else": {func(f *facts) {
			add(versionSSL2, 0)(f)
			f.trust = io.EOF
		}, "T"},
	} {
		f := good()
		tt.change(&f)
		if r := rate(f, time.Now()); r.Grade != tt.want {
			t.Errorf("%s: want %s, got\n%s", title, tt.want, r)
		}
	}
}

// Names say everything about a suite, so each must be read rightly.
func TestSuitesAsGoKnowsThem(t *testing.T) {
	t.Parallel()
	insecure := tls.InsecureCipherSuites()
	for _, known := range slices.Concat(tls.CipherSuites(), insecure) {
		s := find(known.ID)
		if s.name != known.Name {
			t.Errorf("suite %04x is %q, Go calls it %q", known.ID, s.name, known.Name)
		}
		if s.modern() != slices.Equal(known.SupportedVersions, []uint16{tls.VersionTLS13}) {
			t.Errorf("%s: of TLS 1.3 = %v", s.name, s.modern())
		}
		if weakHere := !s.forward() || s.rc4() || s.block64(); weakHere && !slices.Contains(insecure, known) {
			t.Errorf("%s is weak to us, not to Go", s.name)
		}
	}
	seen := map[uint16]bool{}
	for _, s := range suites {
		if seen[s.id] {
			t.Errorf("%s: %04x is there twice", s.name, s.id)
		}
		seen[s.id] = true
	}
}
