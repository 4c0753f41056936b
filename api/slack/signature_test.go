package slack_test

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-synch/echo-synch/api/slack"
	"github.com/echo-synch/echo-synch/internal/secret"
)

func sign(key string, at time.Time, body string) (timestamp, signature string) {
	timestamp = fmt.Sprint(at.Unix())
	mac := hmac.New(sha256.New, []byte(key))
	fmt.Fprintf(mac, "v0:%s:%s", timestamp, body)
	return timestamp, "v0=" + hex.EncodeToString(mac.Sum(nil))
}

func TestVerify(t *testing.T) {
	t.Parallel()
	now := time.Unix(1700000000, 0)
	e := echo.New()
	e.POST("/", func(c echo.Context) error { return c.NoContent(http.StatusOK) },
		slack.Verify([]secret.Value{secret.New("current"), secret.New("previous")}, func() time.Time { return now }))

	for name, tt := range map[string]struct {
		key    string
		at     time.Time
		body   string
		change func(*http.Request)
		want   int
	}{
		"current secret":         {"current", now, "x", nil, 200},
		"previous secret":        {"previous", now, "x", nil, 200},
		"empty body":             {"current", now, "", nil, 200},
		"just young enough":      {"current", now.Add(-5 * time.Minute), "x", nil, 200},
		"too old":                {"current", now.Add(-5*time.Minute - time.Second), "x", nil, 401},
		"from the future":        {"current", now.Add(5*time.Minute + time.Second), "x", nil, 401},
		"another secret":         {"other", now, "x", nil, 401},
		"an empty secret":        {"", now, "x", nil, 401},
		"another body":           {"current", now, "x", func(r *http.Request) { r.Body = http.NoBody }, 401},
		"no signature":           {"current", now, "x", func(r *http.Request) { r.Header.Del("X-Slack-Signature") }, 401},
		"no timestamp":           {"current", now, "x", func(r *http.Request) { r.Header.Del("X-Slack-Request-Timestamp") }, 401},
		"another version":        {"current", now, "x", func(r *http.Request) { replace(r, "v0=", "v1=") }, 401},
		"no version":             {"current", now, "x", func(r *http.Request) { replace(r, "v0=", "") }, 401},
		"not hexadecimal":        {"current", now, "x", func(r *http.Request) { r.Header.Set("X-Slack-Signature", "v0="+strings.Repeat("z", 64)) }, 401},
		"another timestamp":      {"current", now, "x", func(r *http.Request) { r.Header.Set("X-Slack-Request-Timestamp", fmt.Sprint(now.Unix()+1)) }, 401},
		"the largest body":       {"current", now, strings.Repeat("x", 1<<20), nil, 200},
		"more than largest body": {"current", now, strings.Repeat("x", 1<<20+1), nil, 413},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(tt.body))
			timestamp, signature := sign(tt.key, tt.at, tt.body)
			r.Header.Set("X-Slack-Request-Timestamp", timestamp)
			r.Header.Set("X-Slack-Signature", signature)
			if tt.change != nil {
				tt.change(r)
			}
			w := httptest.NewRecorder()
			e.ServeHTTP(w, r)
			if w.Code != tt.want {
				t.Errorf("status %d, want %d", w.Code, tt.want)
			}
		})
	}
}

func replace(r *http.Request, old, with string) {
	r.Header.Set("X-Slack-Signature", strings.Replace(r.Header.Get("X-Slack-Signature"), old, with, 1))
}

// The vector that Slack publishes, where the collection of fixtures is at hand.
func TestVerifySlacksOwnExample(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("../../../shared/fixtures/slack/signature/v0_test_vector.json")
	if errors.Is(err, fs.ErrNotExist) {
		t.Log("no fixtures here")
		return
	}
	var v map[string]string
	if err := json.Unmarshal(raw, &v); err != nil {
		t.Fatal(err)
	}
	seconds, err := strconv.ParseInt(v["timestamp"], 10, 64)
	if err != nil {
		t.Fatal(err)
	}
	e := echo.New()
	e.POST("/", func(c echo.Context) error { return c.NoContent(http.StatusOK) },
		slack.Verify([]secret.Value{secret.New(v["signing_secret"])}, func() time.Time { return time.Unix(seconds, 0) }))
	r := httptest.NewRequest(http.MethodPost, "/", strings.NewReader(v["body"]))
	r.Header.Set("X-Slack-Request-Timestamp", v["timestamp"])
	r.Header.Set("X-Slack-Signature", v["signature"])
	w := httptest.NewRecorder()
	e.ServeHTTP(w, r)
	if w.Code != http.StatusOK {
		t.Errorf("status %d, want 200", w.Code)
	}
}
