package slack

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"net/http"
	"strconv"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/echo-synch/echo-synch/internal/secret"
)

const (
	maxBody = 1 << 20         // Slack's largest bodies are a few hundred KiB
	maxSkew = 5 * time.Minute // older or newer requests may be replays
	version = "v0"
)

// bodyKey is where the verified raw body stands in the request's context.
const bodyKey = "slack.body"

// Verify lets a request through only with Slack's v0 signature over its raw body, by any of the accepted secrets,
// and a timestamp within five minutes of now. It answers 401 without a reason, 413 beyond 1 MiB. Handlers behind it
// read the body with [body]. Source: docs.slack.dev/authentication/verifying-requests-from-slack.
func Verify(secrets []secret.Value, now func() time.Time) echo.MiddlewareFunc {
	return func(next echo.HandlerFunc) echo.HandlerFunc {
		return func(c echo.Context) error {
			raw, err := io.ReadAll(http.MaxBytesReader(c.Response(), c.Request().Body, maxBody))
			var tooLarge *http.MaxBytesError
			switch {
			case errors.As(err, &tooLarge):
				return echo.NewHTTPError(http.StatusRequestEntityTooLarge)
			case err != nil:
				return echo.NewHTTPError(http.StatusBadRequest)
			case !signed(c.Request().Header, raw, secrets, now()):
				return echo.NewHTTPError(http.StatusUnauthorized)
			}
			c.Set(bodyKey, raw)
			return next(c)
		}
	}
}

// body is the verified raw body.
func body(c echo.Context) []byte {
	raw, _ := c.Get(bodyKey).([]byte)
	return raw
}

func signed(h http.Header, raw []byte, secrets []secret.Value, now time.Time) bool {
	timestamp := h.Get("X-Slack-Request-Timestamp")
	seconds, err := strconv.ParseInt(timestamp, 10, 64)
	if err != nil || now.Sub(time.Unix(seconds, 0)).Abs() > maxSkew {
		return false
	}
	given, ok := cutVersion(h.Get("X-Slack-Signature"))
	if !ok {
		return false
	}
	valid := false
	for _, s := range secrets { // all of them, so that the time does not tell which one fits
		mac := hmac.New(sha256.New, []byte(s.Reveal()))
		mac.Write([]byte(version + ":" + timestamp + ":"))
		mac.Write(raw)
		valid = hmac.Equal(mac.Sum(nil), given) && !s.IsZero() || valid
	}
	return valid
}

// cutVersion reads "v0=<64 hex digits>".
func cutVersion(signature string) ([]byte, bool) {
	if len(signature) != len(version)+1+2*sha256.Size || signature[:len(version)+1] != version+"=" {
		return nil, false
	}
	mac, err := hex.DecodeString(signature[len(version)+1:])
	return mac, err == nil
}
