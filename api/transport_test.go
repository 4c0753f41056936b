package api_test

import (
	"bytes"
	"context"
	"crypto/tls"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-synch/echo-synch/api"
	"github.com/echo-synch/echo-synch/internal/tlstest"
)

// pages are addresses as those of the product: what anybody may ask, what Slack signs, and what fails.
type pages struct{}

func (pages) Register(e *echo.Echo) {
	who := func(c echo.Context) error { return c.String(http.StatusOK, c.RealIP()) }
	e.GET("/slack/install", who)
	e.GET("/trust/key", who)
	e.POST("/slack/events", who)
	e.GET("/fails", func(echo.Context) error { return errors.New("marker") })
	e.GET("/panics", func(echo.Context) error { panic("marker") })
}

// lines is a log that many write to.
type lines struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (l *lines) Write(b []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(b)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func server(log io.Writer, t api.Transport) *http.Server {
	logger := slog.New(slog.NewJSONHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := api.New("", logger, func(context.Context) ([]string, error) { return nil, nil }, pages{})
	t.Protect(s)
	return s
}

func ask(s *http.Server, method, path, from string, header ...string) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.RemoteAddr = from
	for i := 0; i < len(header); i += 2 {
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.Handler.ServeHTTP(w, r)
	return w
}

func TestEveryAnswerIsGuarded(t *testing.T) {
	t.Parallel()
	s := server(io.Discard, api.Transport{HTTPS: true})
	want := map[string]string{
		"Strict-Transport-Security":    "max-age=63072000; includeSubDomains",
		"Content-Security-Policy":      "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
		"X-Content-Type-Options":       "nosniff",
		"X-Frame-Options":              "DENY",
		"Referrer-Policy":              "no-referrer",
		"Cross-Origin-Opener-Policy":   "same-origin",
		"Cross-Origin-Resource-Policy": "same-origin",
		"Cache-Control":                "no-store",
	}
	for path, status := range map[string]int{
		"GET /health": 200, "GET /slack/install": 200, "POST /slack/events": 200, "GET /slack/events": 405, "GET /nowhere": 404,
		"GET /fails": 500, "GET /panics": 500,
	} {
		method, path, _ := strings.Cut(path, " ")
		w := ask(s, method, path, "192.0.2.1:1")
		if w.Code != status {
			t.Errorf("%s %s: status %d, want %d", method, path, w.Code, status)
		}
		for name, value := range want {
			if got := w.Header().Get(name); got != value {
				t.Errorf("%s %s: %s = %q, want %q", method, path, name, got, value)
			}
		}
		if p := w.Header().Get("Permissions-Policy"); !strings.Contains(p, "camera=(), ") || !strings.HasSuffix(p, "=()") {
			t.Errorf("%s %s: Permissions-Policy = %q", method, path, p)
		}
	}
	// A browser must not be told that a machine in dev speaks https.
	if got := ask(server(io.Discard, api.Transport{}), "GET", "/health", "192.0.2.1:1").Header().Get("Strict-Transport-Security"); got != "" {
		t.Errorf("in clear: HSTS %q", got)
	}
}

func TestClientAddress(t *testing.T) {
	t.Parallel()
	behind := api.Proxies{
		Networks: []netip.Prefix{netip.MustParsePrefix("10.0.0.0/24"), netip.MustParsePrefix("fd00::/64")}, Header: "X-Forwarded-For",
	}
	for name, tt := range map[string]struct {
		proxies api.Proxies
		from    string
		header  []string
		want    string
	}{
		"direct":                      {api.Proxies{}, "192.0.2.1:5", nil, "192.0.2.1"},
		"direct, in IPv6":             {api.Proxies{}, "[2001:db8::1]:5", nil, "2001:db8::1"},
		"direct, forged":              {api.Proxies{}, "192.0.2.1:5", []string{"X-Forwarded-For", "198.51.100.9", "X-Real-Ip", "198.51.100.9"}, "192.0.2.1"},
		"a stranger's word":           {behind, "192.0.2.1:5", []string{"X-Forwarded-For", "198.51.100.9"}, "192.0.2.1"},
		"by a proxy":                  {behind, "10.0.0.7:5", []string{"X-Forwarded-For", "198.51.100.9"}, "198.51.100.9"},
		"by a proxy in IPv6":          {behind, "[fd00::7]:5", []string{"X-Forwarded-For", "2001:db8::9"}, "2001:db8::9"},
		"forged before the proxy":     {behind, "10.0.0.7:5", []string{"X-Forwarded-For", "203.0.113.1, 198.51.100.9"}, "198.51.100.9"},
		"forged in a line of its own": {behind, "10.0.0.7:5", []string{"X-Forwarded-For", "203.0.113.1", "X-Forwarded-For", "198.51.100.9"}, "198.51.100.9"},
		"by two proxies":              {behind, "10.0.0.7:5", []string{"X-Forwarded-For", "203.0.113.1, 198.51.100.9, 10.0.0.8"}, "198.51.100.9"},
		"with a port":                 {behind, "10.0.0.7:5", []string{"X-Forwarded-For", "198.51.100.9:4711"}, "198.51.100.9"},
		"another header":              {behind, "10.0.0.7:5", []string{"X-Real-Ip", "198.51.100.9"}, "10.0.0.7"},
		"rubbish":                     {behind, "10.0.0.7:5", []string{"X-Forwarded-For", "198.51.100.9, unknown"}, "10.0.0.7"},
		"the proxy itself":            {behind, "10.0.0.7:5", nil, "10.0.0.7"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := ask(server(io.Discard, api.Transport{Proxies: tt.proxies}), "POST", "/slack/events", tt.from, tt.header...)
			if got := w.Body.String(); got != tt.want {
				t.Errorf("client = %q, want %q", got, tt.want)
			}
		})
	}
}

func TestOpenAddressesHaveAMeasure(t *testing.T) {
	t.Parallel()
	s := server(io.Discard, api.Transport{})
	answers := map[int]int{}
	for range 900 {
		answers[ask(s, "GET", "/slack/install", "192.0.2.1:1").Code]++
	}
	if answers[http.StatusOK] < 600 || answers[http.StatusTooManyRequests] < 100 {
		t.Errorf("answers by status: %v", answers)
	}
	if w := ask(s, "GET", "/trust/key", "192.0.2.1:1"); w.Code != http.StatusTooManyRequests || w.Header().Get("Retry-After") == "" {
		t.Errorf("another open address: %d", w.Code)
	}
	if w := ask(s, "GET", "/slack/install", "192.0.2.2:1"); w.Code != http.StatusOK {
		t.Errorf("another client: %d", w.Code)
	}
	if w := ask(s, "POST", "/slack/events", "192.0.2.1:1"); w.Code != http.StatusOK {
		t.Errorf("what is signed: %d", w.Code)
	}
}

// listen serves s by TLS.
func listen(t *testing.T, s *http.Server) (addr string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	go func() { _ = s.ServeTLS(l, "", "") }()
	t.Cleanup(func() { s.Close() })
	return l.Addr().String()
}

func TestACertificateIsRenewedWithoutARestart(t *testing.T) {
	t.Parallel()
	authority, dir, log := tlstest.NewAuthority(t), t.TempDir(), &lines{}
	var clock struct {
		sync.Mutex
		time.Time
	}
	clock.Time = time.Now()
	wait := func() { clock.Lock(); defer clock.Unlock(); clock.Time = clock.Add(time.Minute) }
	now := func() time.Time { clock.Lock(); defer clock.Unlock(); return clock.Time }
	logger := slog.New(slog.NewJSONHandler(log, nil))

	certFile, keyFile := tlstest.Write(t, dir, authority.Issue(t, tlstest.NewKey(t), nil, "first.example"))
	certificate, err := api.OpenCertificate(certFile, keyFile, logger, now)
	if err != nil {
		t.Fatal(err)
	}
	addr := listen(t, server(log, api.Transport{Certificate: certificate}))
	shakes := func(name string) bool {
		t.Helper()
		conn, err := tls.Dial("tcp", addr, &tls.Config{RootCAs: authority.Pool, ServerName: name})
		if err != nil {
			return false
		}
		return conn.Close() == nil
	}
	if !shakes("first.example") || shakes("second.example") {
		t.Fatal("the first certificate is not served")
	}

	// Half of the new pair is there: the old one stays.
	pair := authority.Issue(t, tlstest.NewKey(t), nil, "second.example")
	newCertificate, newKey := tlstest.PEM(t, pair)
	replace(t, certFile, newCertificate)
	wait()
	if !shakes("first.example") || !strings.Contains(log.String(), "the one before stays in use") {
		t.Errorf("with half a pair the first certificate is gone, or nobody was told:\n%s", log)
	}
	replace(t, keyFile, newKey)
	wait()
	if !shakes("second.example") || shakes("first.example") {
		t.Error("the second certificate is not served")
	}

	// Scanners are no news, and clients' addresses are not for the log.
	if strings.Contains(log.String(), "127.0.0.1") {
		t.Errorf("the log holds an address:\n%s", log)
	}
	if _, err := api.OpenCertificate(certFile, certFile, logger, now); err == nil {
		t.Error("a certificate without its key is taken")
	}
}

// replace writes a file anew, with another time than before.
func replace(t *testing.T, name string, content []byte) {
	t.Helper()
	if err := os.WriteFile(name, content, 0o600); err != nil {
		t.Fatal(err)
	}
	later := time.Now().Add(time.Hour)
	if err := os.Chtimes(name, later, later); err != nil {
		t.Fatal(err)
	}
}
