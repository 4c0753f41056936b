package tlsgrade

import (
	"context"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/rsa"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Target is the server to grade.
type Target struct {
	// Addr is where it listens, host:port.
	Addr string
	// Name is what its certificate must be for.
	Name string
	// Roots are trusted; nil means the system's.
	Roots *x509.CertPool
	// Path is asked for its headers.
	Path string
	// Now judges the certificate.
	Now time.Time
}

// facts are what was seen of a server.
type facts struct {
	suites        map[uint16][]suite // by version, in the order in which the server chose them
	groups        []group            // for key exchange, of any version
	primeBits     int                // the shortest prime of classical Diffie-Hellman; 0 without it
	renegotiation bool
	compressed    bool
	fallback      bool // it protects from being talked down to an older version
	completed     map[uint16]bool
	keyBits       int // of the certificate, as an RSA key
	trust         error
	name          error
	expires       time.Time
	hsts          time.Duration
}

// probe shakes hands with the server in many ways.
func probe(ctx context.Context, t Target) (f facts, err error) {
	f = facts{suites: make(map[uint16][]suite), completed: make(map[uint16]bool), renegotiation: true}
	for _, v := range versions {
		if err := f.enumerate(ctx, t, v.id); err != nil {
			return f, fmt.Errorf("probe %s: %w", v.name, err)
		}
	}
	for v := range f.suites {
		if err := f.keyExchanges(ctx, t, v); err != nil {
			return f, fmt.Errorf("probe key exchange: %w", err)
		}
	}
	if err := f.talkDown(ctx, t); err != nil {
		return f, fmt.Errorf("probe fallback: %w", err)
	}
	return f, f.complete(ctx, t)
}

// enumerate offers everything, takes away what the server chose, and offers the rest, until it refuses.
func (f *facts) enumerate(ctx context.Context, t Target, version uint16) error {
	offer := suiteIDs(version)
	for len(offer) > 0 {
		a, err := say(ctx, t.Addr, hello{version, offer, groupIDs(version), t.Name})
		if errors.As(err, new(refused)) {
			return nil
		}
		if err != nil {
			return err
		}
		f.suites[version] = append(f.suites[version], find(a.suite))
		f.compressed = f.compressed || a.compressed
		f.note(a, version)
		if version == versionSSL2 {
			return nil
		}
		offer = slices.DeleteFunc(offer, func(id uint16) bool { return id == a.suite })
	}
	return nil
}

// note keeps the weakest of what an answer tells.
func (f *facts) note(a answer, version uint16) {
	if version != tls.VersionTLS13 && version != versionSSL2 {
		f.renegotiation = f.renegotiation && a.renegotiation
	}
	if a.primeBits > 0 && (f.primeBits == 0 || a.primeBits < f.primeBits) {
		f.primeBits = a.primeBits
	}
	for _, g := range groups {
		if g.id == a.group && !slices.Contains(f.groups, g) {
			f.groups = append(f.groups, g)
		}
	}
}

// keyExchanges offers each group alone, with the suites that use one.
func (f *facts) keyExchanges(ctx context.Context, t Target, version uint16) error {
	var offer []uint16
	for _, s := range f.suites[version] {
		if s.modern() || s.has("_ECDHE_", "_ECDH_") {
			offer = append(offer, s.id)
		}
	}
	if offer == nil {
		return nil
	}
	for _, id := range groupIDs(version) {
		a, err := say(ctx, t.Addr, hello{version, offer, []uint16{id}, t.Name})
		if errors.As(err, new(refused)) {
			continue
		}
		if err != nil {
			return err
		}
		f.note(a, version)
	}
	return nil
}

// talkDown pretends to be a client that was made to try an older version than it knows.
func (f *facts) talkDown(ctx context.Context, t Target) error {
	spoken := f.spoken()
	if len(spoken) < 2 {
		f.fallback = true // nothing to fall back to
		return nil
	}
	older := spoken[len(spoken)-2]
	_, err := say(ctx, t.Addr, hello{older, append(suiteIDs(older), fallback), groupIDs(older), t.Name})
	var no refused
	switch {
	case errors.As(err, &no):
		f.fallback = no.alert == inappropriateFallback
	case err != nil:
		return err
	}
	return nil
}

// spoken are the versions that the server speaks, oldest first.
func (f *facts) spoken() (ids []uint16) {
	for _, v := range versions {
		if len(f.suites[v.id]) > 0 {
			ids = append(ids, v.id)
		}
	}
	return ids
}

// complete shakes hands to the end in each version that Go speaks, judges the certificate, and asks for a page.
func (f *facts) complete(ctx context.Context, t Target) error {
	f.trust = errors.New("no handshake of TLS 1.0 or later came to its end")
	for _, v := range f.spoken() {
		if v < tls.VersionTLS10 {
			continue
		}
		var seen *tls.ConnectionState
		config := &tls.Config{
			MinVersion: v, MaxVersion: v, ServerName: t.Name, CipherSuites: goSuites(),
			InsecureSkipVerify: true, //nolint:gosec // judged below: a bad certificate is a finding
			VerifyConnection: func(s tls.ConnectionState) error {
				seen = &s
				return nil
			},
		}
		client := &http.Client{
			Timeout:       shakeTime,
			Transport:     &http.Transport{TLSClientConfig: config, DisableKeepAlives: true},
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, "https://"+t.Addr+t.Path, nil)
		if err != nil {
			return fmt.Errorf("ask for %s: %w", t.Path, err)
		}
		r.Host = t.Name
		res, err := client.Do(r)
		if err == nil {
			f.completed[v] = true
			f.hsts = maxAge(res.Header.Get("Strict-Transport-Security"))
			res.Body.Close()
		}
		if seen != nil {
			f.judge(seen.PeerCertificates, t)
		}
	}
	return nil
}

// judge looks at the certificate as a browser does.
func (f *facts) judge(chain []*x509.Certificate, t Target) {
	leaf, between := chain[0], x509.NewCertPool()
	for _, c := range chain[1:] {
		between.AddCert(c)
	}
	_, f.trust = leaf.Verify(x509.VerifyOptions{Roots: t.Roots, Intermediates: between, CurrentTime: t.Now})
	f.name, f.expires = leaf.VerifyHostname(t.Name), leaf.NotAfter
	switch key := leaf.PublicKey.(type) {
	case *rsa.PublicKey:
		f.keyBits = key.N.BitLen()
	case *ecdsa.PublicKey:
		f.keyBits = map[int]int{224: 2048, 256: 3072, 384: 7680, 521: 15360}[key.Params().BitSize]
	case ed25519.PublicKey:
		f.keyBits = 3072
	}
}

// maxAge reads the one field of HSTS that counts; zero where there is none.
func maxAge(header string) time.Duration {
	for part := range strings.SplitSeq(header, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		if seconds, err := strconv.Atoi(strings.Trim(value, `"`)); err == nil && strings.EqualFold(name, "max-age") {
			return time.Duration(seconds) * time.Second
		}
	}
	return 0
}

func suiteIDs(version uint16) (ids []uint16) {
	for _, s := range suites {
		if s.modern() == (version == tls.VersionTLS13) {
			ids = append(ids, s.id)
		}
	}
	return ids
}

// groupIDs are the groups that may be offered: the newest one is for TLS 1.3 only.
func groupIDs(version uint16) (ids []uint16) {
	for _, g := range groups {
		if g.id < 0x100 || version == tls.VersionTLS13 {
			ids = append(ids, g.id)
		}
	}
	return ids
}

// goSuites are all that Go can, the insecure ones too.
func goSuites() (ids []uint16) {
	for _, s := range slices.Concat(tls.CipherSuites(), tls.InsecureCipherSuites()) {
		ids = append(ids, s.ID)
	}
	return ids
}
