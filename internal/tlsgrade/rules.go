package tlsgrade

import "crypto/tls"

// longHSTS is the least that counts as a promise.
const longHSTS = 180 * 24 * 60 * 60 // seconds

// rules keep a grade down, whatever the score. Where the guide asks what browsers of reference end up with, we ask what
// the server prefers, and what it accepts at all of 64-bit ciphers: that is stricter.
var rules = []struct {
	most   string
	says   string
	broken func(facts) bool
}{
	{"T", "the certificate is not trusted, or out of its time", func(f facts) bool { return f.trust != nil }},
	{"M", "the certificate is for another name", func(f facts) bool { return f.trust == nil && f.name != nil }},

	{"F", "SSL 2 is spoken", func(f facts) bool { return f.speaks(versionSSL2) }},
	{"F", "suites without authentication are accepted", func(f facts) bool { return f.any(suite.anonymous) }},
	{"F", "suites without encryption are accepted", func(f facts) bool { return f.any(func(s suite) bool { return s.has("_NULL_") }) }},
	{"F", "export suites are accepted", func(f facts) bool { return f.any(suite.export) }},
	{"F", "the certificate's key is shorter than 1024 bits", func(f facts) bool { return f.keyBits < 1024 }},
	{"F", "Diffie-Hellman uses a prime of less than 1024 bits", func(f facts) bool { return f.primeBits > 0 && f.primeBits < 1024 }},

	{"C", "SSL 3 is spoken", func(f facts) bool { return f.speaks(versionSSL3) }},
	{"C", "TLS 1.2 is not spoken", func(f facts) bool { return !f.speaks(tls.VersionTLS12) && !f.speaks(tls.VersionTLS13) }},
	{"C", "TLS compresses, which leaks what it encrypts", func(f facts) bool { return f.compressed }},
	{"C", "RC4 is accepted in TLS 1.1 or later", func(f facts) bool { return f.since(suite.rc4) }},
	{"C", "ciphers of 64-bit blocks are accepted in TLS 1.1 or later", func(f facts) bool { return f.since(suite.block64) }},

	{"B", "TLS 1.0 or 1.1 is spoken", func(f facts) bool { return f.speaks(tls.VersionTLS10) || f.speaks(tls.VersionTLS11) }},
	{"B", "RC4 is accepted", func(f facts) bool { return f.any(suite.rc4) }},
	{"B", "the certificate's key is shorter than 2048 bits", func(f facts) bool { return f.keyBits < 2048 }},
	{"B", "Diffie-Hellman uses a prime of less than 2048 bits", func(f facts) bool { return f.primeBits > 0 && f.primeBits < 2048 }},
	{"B", "the preferred suite has no forward secrecy", func(f facts) bool { return !f.prefers(suite.forward) }},
	{"B", "no suite authenticates what it encrypts (AEAD)", func(f facts) bool { return !f.any(suite.aead) }},

	{"A-", "TLS 1.3 is not spoken", func(f facts) bool { return !f.speaks(tls.VersionTLS13) }},
	{"A-", "secure renegotiation is missing", func(f facts) bool { return !f.renegotiation }},

	{"A", "HSTS is missing or shorter than 180 days", func(f facts) bool { return f.hsts.Seconds() < longHSTS }},
	{"A", "clients can be talked down to an older version", func(f facts) bool { return !f.fallback }},
}
