package api

import (
	"crypto/tls"
	"net/http"
)

// Transport is how the public reaches the server.
type Transport struct {
	// HTTPS is true where browsers come by https, whoever ends TLS: they are told to come by nothing else.
	HTTPS bool
	// Certificate makes the server speak TLS itself; nil leaves that to a proxy.
	Certificate *Certificate
	// Proxies are believed about the client's address, and nobody else.
	Proxies Proxies
}

// hsts asks browsers for https only, for two years. It lacks "preload", which is for the owner of the whole domain to say.
const hsts = "max-age=63072000; includeSubDomains"

// Protect puts the transport in front of all that server answers: below it [http.Request.RemoteAddr] is the client's
// address, even behind a proxy. It is to be called before the server serves.
func (t Transport) Protect(server *http.Server) {
	next := server.Handler
	server.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if t.HTTPS {
			w.Header().Set("Strict-Transport-Security", hsts)
		}
		next.ServeHTTP(w, t.Proxies.reveal(r))
	})
	if t.Certificate != nil {
		server.TLSConfig = tlsConfig(t.Certificate)
	}
}

// tlsConfig is Go's, which is TLS 1.2 and 1.3 with forward secrecy, less the suites that do not authenticate what they
// encrypt: for TLS 1.2 only AEAD is left, for 1.3 there is nothing else.
func tlsConfig(c *Certificate) *tls.Config {
	return &tls.Config{
		MinVersion:     tls.VersionTLS12,
		GetCertificate: c.get,
		CipherSuites: []uint16{
			tls.TLS_ECDHE_ECDSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_ECDSA_WITH_AES_128_GCM_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384,
			tls.TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256,
			tls.TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256,
		},
	}
}
