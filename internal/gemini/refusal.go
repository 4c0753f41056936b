package gemini

import (
	"context"
	"errors"
	"net/http"
	"strconv"
	"time"

	"cloud.google.com/go/auth"
	"google.golang.org/genai"
)

// later is a refusal that says when to ask again.
type later struct {
	error
	after time.Duration
}

func (l later) Unwrap() error { return l.error }

// maxAfter bounds how long Google may tell us to wait.
const maxAfter = time.Hour

// RetryAfter is how long Google wants us to wait before the next call; zero where it did not say.
func RetryAfter(err error) time.Duration {
	var l later
	if errors.As(err, &l) {
		return min(l.after, maxAfter)
	}
	return 0
}

// refusal gives an error of a call its kind and drops the rest, but for how long to wait.
func refusal(ctx context.Context, err error, waited time.Duration) error {
	var refused genai.APIError
	var noToken *auth.Error
	switch {
	case errors.As(err, &refused):
	case errors.As(err, &noToken) && noToken.Response != nil && noToken.Response.StatusCode < http.StatusInternalServerError:
		refused.Code = http.StatusUnauthorized // the key was deleted, or its account was
	}
	kind := kindOf(ctx, err, refused.Code)
	if after := max(waited, retryInfo(refused.Details)); after > 0 && (errors.Is(kind, ErrQuota) || errors.Is(kind, ErrUnavailable)) {
		return later{kind, after}
	}
	return kind
}

func kindOf(ctx context.Context, err error, status int) error {
	switch {
	case ctx.Err() != nil:
		return ErrTimeout
	case errors.Is(err, ErrMalformed):
		return ErrMalformed
	case status == http.StatusTooManyRequests:
		return ErrQuota
	case status == http.StatusUnauthorized, status == http.StatusForbidden, status == http.StatusNotFound:
		return ErrRefused
	}
	return ErrUnavailable
}

// retryInfo is the delay of google.rpc.RetryInfo among an error's details.
func retryInfo(details []map[string]any) time.Duration {
	for _, d := range details {
		if s, ok := d["retryDelay"].(string); ok {
			if delay, err := time.ParseDuration(s); err == nil && delay > 0 {
				return delay
			}
		}
	}
	return 0
}

// patient notes, for the call in whose context it stands, what Retry-After says: the SDK drops headers of errors.
type patient struct{ next http.RoundTripper }

type waitKey struct{}

// RoundTrip implements [http.RoundTripper].
func (p patient) RoundTrip(r *http.Request) (*http.Response, error) {
	response, err := p.next.RoundTrip(r)
	if err == nil && response.StatusCode >= http.StatusBadRequest {
		if wait, ok := r.Context().Value(waitKey{}).(*time.Duration); ok {
			if seconds, err := strconv.Atoi(response.Header.Get("Retry-After")); err == nil && seconds > 0 {
				*wait = time.Duration(seconds) * time.Second
			}
		}
	}
	return response, err
}

// CloseIdleConnections lets a client close what it keeps open.
func (p patient) CloseIdleConnections() {
	if c, ok := p.next.(interface{ CloseIdleConnections() }); ok {
		c.CloseIdleConnections()
	}
}
