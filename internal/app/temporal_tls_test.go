package app

import (
	"crypto/tls"
	"crypto/x509"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/echo-synch/echo-synch/internal/config"
	"github.com/echo-synch/echo-synch/internal/tlstest"
)

// Whoever is not signed by the authority that was configured, or has another name, is not our Temporal.
func TestTemporalIsVerified(t *testing.T) {
	t.Parallel()
	ours, stranger := tlstest.NewAuthority(t), tlstest.NewAuthority(t)
	ca := filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(ca, ours.PEM, 0o600); err != nil {
		t.Fatal(err)
	}
	certFile, keyFile := tlstest.Write(t, t.TempDir(), ours.Issue(t, tlstest.NewKey(t), func(c *x509.Certificate) {
		c.ExtKeyUsage = []x509.ExtKeyUsage{x509.ExtKeyUsageClientAuth}
	}))
	ok := config.Temporal{TLSCA: ca, TLSServerName: "temporal.example.com", TLSCert: certFile, TLSKey: keyFile}
	for name, tt := range map[string]struct {
		server *tls.Config
		cfg    func(*config.Temporal)
		good   bool
	}{
		"ours":              {&tls.Config{Certificates: certificates(t, ours, "temporal.example.com")}, nil, true},
		"mutual":            {&tls.Config{Certificates: certificates(t, ours, "temporal.example.com"), ClientAuth: tls.RequireAndVerifyClientCert, ClientCAs: ours.Pool}, nil, true},
		"another authority": {&tls.Config{Certificates: certificates(t, stranger, "temporal.example.com")}, nil, false},
		"another name":      {&tls.Config{Certificates: certificates(t, ours, "other.example.com")}, nil, false},
		"an old version":    {&tls.Config{Certificates: certificates(t, ours, "temporal.example.com"), MaxVersion: tls.VersionTLS11}, nil, false},
		"the system's authorities": {&tls.Config{Certificates: certificates(t, ours, "temporal.example.com")},
			func(c *config.Temporal) { c.TLSCA = "" }, false},
		"no TLS": {nil, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			cfg := ok
			if tt.cfg != nil {
				tt.cfg(&cfg)
			}
			client, err := temporalTLS(cfg)
			if err != nil {
				t.Fatal(err)
			}
			conn, err := tls.Dial("tcp", greeter(t, tt.server), client)
			if err == nil {
				_, err = conn.Read(make([]byte, 2)) // a client certificate is judged after our side is done
				conn.Close()
			}
			if (err == nil) != tt.good {
				t.Errorf("handshake: %v, want good = %v", err, tt.good)
			}
		})
	}
}

func certificates(t *testing.T, a *tlstest.Authority, name string) []tls.Certificate {
	t.Helper()
	return []tls.Certificate{a.Issue(t, tlstest.NewKey(t), nil, name)}
}

// greeter says two bytes to everybody, by TLS or, without a configuration, in clear.
func greeter(t *testing.T, cfg *tls.Config) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	addr = l.Addr().String()
	if cfg != nil {
		l = tls.NewListener(l, cfg)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			_, _ = conn.Write([]byte("hi"))
			conn.Close()
		}
	}()
	return addr
}
