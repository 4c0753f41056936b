package postgrestest

import (
	"net"
	"testing"
)

// TLS starts a cluster of its own, without a schema, that speaks TCP on 127.0.0.1 and TLS with the certificate and key, PEM.
// The password of its superuser postgres is "test".
func TLS(t testing.TB, certificate, key []byte) (port string) {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, _ = net.SplitHostPort(free.Addr().String())
	if err := free.Close(); err != nil {
		t.Fatal(err)
	}
	c := &cluster{
		port:  port,
		files: map[string][]byte{"server.crt": certificate, "server.key": key},
		options: []string{"-c", "listen_addresses=127.0.0.1", "-c", "port=" + port, "-c", "ssl=on",
			"-c", "ssl_cert_file=../server.crt", "-c", "ssl_key_file=../server.key"},
	}
	t.Cleanup(func() {
		if c.alive != nil {
			c.alive.Close()
		}
	})
	if err := c.boot(); err != nil {
		t.Fatal(err)
	}
	return port
}
