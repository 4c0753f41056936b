package api

import (
	"crypto/tls"
	"fmt"
	"log/slog"
	"os"
	"sync"
	"time"
)

const (
	// certificateCheck is how often, at most, handshakes look whether the files have changed.
	certificateCheck = 10 * time.Second
	// certificateShort is how much life a certificate should have left; whoever renews it is late.
	certificateShort = 14 * 24 * time.Hour
)

// Certificate is the server's certificate with its key, from two PEM files. It is read again when they change, so that
// renewing it needs no restart; what cannot be read then is logged, and the one before stays in use.
type Certificate struct {
	certFile, keyFile string
	log               *slog.Logger
	now               func() time.Time

	mu      sync.Mutex
	current *tls.Certificate
	seen    [2]stamp // of the files as last tried
	checked time.Time
}

// stamp tells versions of a file apart.
type stamp struct {
	modified time.Time
	size     int64
}

// OpenCertificate reads both files, and fails where they do not belong together.
func OpenCertificate(certFile, keyFile string, log *slog.Logger, now func() time.Time) (*Certificate, error) {
	c := &Certificate{certFile: certFile, keyFile: keyFile, log: log, now: now, checked: now()}
	c.seen = c.stamps()
	return c, c.load()
}

// get gives a handshake its certificate.
func (c *Certificate) get(*tls.ClientHelloInfo) (*tls.Certificate, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if now := c.now(); now.Sub(c.checked) >= certificateCheck {
		c.checked = now
		if seen := c.stamps(); seen != c.seen {
			c.seen = seen
			if err := c.load(); err != nil {
				c.log.Error("certificate not renewed, the one before stays in use", "err", err)
			}
		}
	}
	return c.current, nil
}

func (c *Certificate) stamps() (s [2]stamp) {
	for i, name := range []string{c.certFile, c.keyFile} {
		if info, err := os.Stat(name); err == nil {
			s[i] = stamp{info.ModTime(), info.Size()}
		}
	}
	return s
}

func (c *Certificate) load() error {
	pair, err := tls.LoadX509KeyPair(c.certFile, c.keyFile)
	if err != nil {
		return fmt.Errorf("load TLS_CERT_FILE and TLS_KEY_FILE: %w", err)
	}
	c.current = &pair
	if expires := pair.Leaf.NotAfter; expires.Sub(c.now()) < certificateShort {
		c.log.Warn("certificate expires soon; nobody has renewed it", "expires", expires)
	}
	return nil
}
