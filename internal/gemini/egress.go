package gemini

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"syscall"
	"time"

	"github.com/echo-synch/echo-synch/internal/location"
)

// errEgress: something wanted to call elsewhere.
var errEgress = errors.New("address is not on the list of Google's that a model is asked at")

// configHost is where the cache configuration of every project is read.
const configHost = "aiplatform.googleapis.com"

// tokenHosts are where Google turns a key, or what we are, into a token.
var tokenHosts = []string{"oauth2.googleapis.com", "sts.googleapis.com", "iamcredentials.googleapis.com"}

// egress is the one way out to Google: to hosts of the list, by TLS, to public addresses, without proxies or redirects.
type egress struct {
	hosts []string
	next  http.RoundTripper
}

func newEgress() *egress {
	dialer := &net.Dialer{Timeout: 5 * time.Second, Control: publicOnly}
	return &egress{
		hosts: append(append(location.Hosts(), tokenHosts...), configHost),
		next: &http.Transport{
			DialContext: dialer.DialContext, TLSHandshakeTimeout: 5 * time.Second, ForceAttemptHTTP2: true,
			MaxIdleConnsPerHost: 8, IdleConnTimeout: 90 * time.Second,
		},
	}
}

// RoundTrip implements [http.RoundTripper].
func (e *egress) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Scheme != "https" || !slices.Contains(e.hosts, r.URL.Host) {
		return nil, errEgress
	}
	return e.next.RoundTrip(r)
}

// publicOnly refuses addresses inside: a name of the list may have been made to lead there.
func publicOnly(_, address string, _ syscall.RawConn) error {
	at, err := netip.ParseAddrPort(address)
	if err != nil {
		return fmt.Errorf("dial: %w", errEgress)
	}
	ip := at.Addr().Unmap()
	if !ip.IsGlobalUnicast() || ip.IsPrivate() || shared.Contains(ip) || translated.Contains(ip) || ip == broadcast {
		return fmt.Errorf("dial: %w", errEgress)
	}
	return nil
}

// What is nobody's on the outside: carriers' own address space (RFC 6598), and addresses of version 4, private ones among them,
// written in version 6 (RFC 6052).
var (
	shared     = netip.MustParsePrefix("100.64.0.0/10")
	translated = netip.MustParsePrefix("64:ff9b::/96")
	broadcast  = netip.MustParseAddr("255.255.255.255")
)

// stay keeps a client from following redirects.
func stay(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
