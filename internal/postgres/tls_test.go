package postgres_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/internal/tlstest"
	"github.com/echo-synch/echo-synch/migrations"
)

// With the addresses that production demands, a server that is not the one we mean is refused before it sees a password:
// without TLS, signed by another authority, or with another name.
func TestPostgresIsVerified(t *testing.T) {
	t.Parallel()
	ours := tlstest.NewAuthority(t)
	certificate, key := tlstest.PEM(t, ours.Issue(t, tlstest.NewKey(t), nil, "127.0.0.1"))
	port := postgrestest.TLS(t, certificate, key)
	clear := inClear(t)
	for name, tt := range map[string]struct {
		host, port string
		authority  *tlstest.Authority
		refused    func(error) bool // nil where the server is ours
	}{
		"ours":              {"127.0.0.1", port, ours, nil},
		"another authority": {"127.0.0.1", port, tlstest.NewAuthority(t), unverified},
		"another name":      {"localhost", port, ours, unverified},
		"no TLS":            {"127.0.0.1", clear, ours, func(err error) bool { return strings.Contains(err.Error(), "server refused TLS connection") }},
	} {
		ca := filepath.Join(t.TempDir(), "ca.pem")
		if err := os.WriteFile(ca, tt.authority.PEM, 0o600); err != nil {
			t.Fatal(err)
		}
		address := secret.New("postgres://postgres:test@" + net.JoinHostPort(tt.host, tt.port) +
			"/postgres?sslmode=verify-full&sslrootcert=" + url.QueryEscape(ca))
		for what, open := range map[string]func(context.Context) error{
			"store":     func(ctx context.Context) error { _, err := postgres.Open(ctx, address); return err },
			"key store": func(ctx context.Context) error { _, err := keystore.Open(ctx, address, nil); return err },
			"migrations": func(ctx context.Context) error {
				_, err := migrations.Up(ctx, address.Reveal(), migrations.Keystore)
				return err
			},
		} {
			t.Run(what+", "+name, func(t *testing.T) {
				err := open(t.Context())
				if strings.Contains(what, "store") && err == nil {
					t.Fatal("a superuser was let in")
				}
				switch ours := errors.Is(err, postgres.ErrRole) || errors.Is(err, keystore.ErrRole) || err == nil; {
				case tt.refused == nil && !ours:
					t.Errorf("our server is refused: %v", err)
				case tt.refused != nil && (ours || !tt.refused(err)):
					t.Errorf("got %v", err)
				}
			})
		}
	}
}

// unverified is true of errors about a server's certificate.
func unverified(err error) bool {
	_, ok := errors.AsType[*tls.CertificateVerificationError](err)
	return ok
}

// inClear reaches a Postgres that does not speak TLS, because nobody does on its socket, and returns the port.
func inClear(t *testing.T) (port string) {
	t.Helper()
	app, _ := postgrestest.Main(t)
	u, err := url.Parse(app.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			client, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer client.Close()
				server, err := net.Dial("unix", filepath.Join(u.Query().Get("host"), ".s.PGSQL.5432"))
				if err != nil {
					return
				}
				defer server.Close()
				go func() { _, _ = io.Copy(server, client) }()
				_, _ = io.Copy(client, server)
			}()
		}
	}()
	_, port, _ = net.SplitHostPort(l.Addr().String())
	return port
}
