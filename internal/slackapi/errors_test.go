package slackapi_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/internal/slackapi"
)

// answer serves a canned answer to everything.
func answer(status int, header, body string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) {
		if header != "" {
			w.Header().Set("Retry-After", header)
		}
		w.WriteHeader(status)
		fmt.Fprint(w, body)
	}
}

func cut(http.ResponseWriter, *http.Request) { panic(http.ErrAbortHandler) }

// truncated promises more than it sends.
func truncated(w http.ResponseWriter, _ *http.Request) {
	w.Header().Set("Content-Length", "1000")
	fmt.Fprint(w, `{"ok":true,"ts":"`)
}

// However an answer is lost, a read is Unavailable and a write Ambiguous; a rate limit says when to come back.
func TestLostAnswers(t *testing.T) {
	t.Parallel()
	const html = "<html><body>Service Unavailable</body></html>"
	for name, tt := range map[string]struct {
		serve http.HandlerFunc
		code  string
		kind  slackapi.Kind // of a write
		wait  time.Duration
	}{
		"429":                        {answer(429, "7", ""), "ratelimited", slackapi.RateLimited, 7 * time.Second},
		"429 without Retry-After":    {answer(429, "", ""), "ratelimited", slackapi.RateLimited, time.Minute},
		"rate limit in an answer":    {answer(200, "", `{"ok":false,"error":"ratelimited"}`), "ratelimited", slackapi.RateLimited, time.Minute},
		"500":                        {answer(500, "", html), "http_500", slackapi.Ambiguous, 0},
		"503":                        {answer(503, "", html), "http_503", slackapi.Ambiguous, 0},
		"page of a proxy":            {answer(200, "", html), "unreadable_answer", slackapi.Ambiguous, 0},
		"truncated JSON":             {answer(200, "", `{"ok":tr`), "unreadable_answer", slackapi.Ambiguous, 0},
		"body cut short":             {truncated, "unreadable_answer", slackapi.Ambiguous, 0},
		"another shape":              {answer(200, "", `{"ok":"yes"}`), "unreadable_answer", slackapi.Ambiguous, 0},
		"connection closed":          {cut, "connection", slackapi.Ambiguous, 0},
		"internal_error":             {answer(200, "", `{"ok":false,"error":"internal_error"}`), "internal_error", slackapi.Ambiguous, 0},
		"fatal_error":                {answer(200, "", `{"ok":false,"error":"fatal_error"}`), "fatal_error", slackapi.Ambiguous, 0},
		"service_unavailable":        {answer(200, "", `{"ok":false,"error":"service_unavailable"}`), "service_unavailable", slackapi.Unavailable, 0},
		"a code nobody has heard of": {answer(200, "", `{"ok":false,"error":"new_in_2027"}`), "new_in_2027", slackapi.Rejected, 0},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(tt.serve)
			t.Cleanup(server.Close)
			for _, c := range calls() {
				kind := tt.kind
				if kind == slackapi.Ambiguous && !c.write {
					kind = slackapi.Unavailable
				}
				want := slackapi.Error{Method: c.method, Code: tt.code, Kind: kind, RetryAfter: tt.wait}
				refused(t, c.call(t.Context(), slackapi.New(server.URL+"/api/", nil)), want)
			}
		})
	}
}

// {"ok":false} without a code is no success, whatever the SDK thinks. auth.revoke proves nothing: its answer has no
// field that it must have.
func TestAnswerThatProvesNothing(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{}`, `{"ok":false}`} {
		server := httptest.NewServer(answer(200, "", body))
		t.Cleanup(server.Close)
		for _, c := range calls() {
			if c.method == "auth.revoke" {
				continue
			}
			kind := slackapi.Unavailable
			if c.write {
				kind = slackapi.Ambiguous
			}
			want := slackapi.Error{Method: c.method, Code: "unreadable_answer", Kind: kind}
			refused(t, c.call(t.Context(), slackapi.New(server.URL+"/api/", nil)), want)
		}
	}
}

// Slack says "posted" and not where: taking that for a reply at the channel root would withdraw the request.
func TestPostedButWhere(t *testing.T) {
	t.Parallel()
	for _, body := range []string{`{"ok":true}`, `{"ok":true,"ts":"2.000100"}`, `{"ok":true,"message":{"thread_ts":"1.000100"}}`} {
		server := httptest.NewServer(answer(200, "", body))
		t.Cleanup(server.Close)
		_, err := slackapi.New(server.URL+"/api/", nil).As(secret.New(token)).Post(t.Context(), message())
		refused(t, err, slackapi.Error{Method: "chat.postMessage", Code: "unreadable_answer", Kind: slackapi.Ambiguous})
	}
}

func TestTimeout(t *testing.T) {
	t.Parallel()
	done := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { <-done }))
	t.Cleanup(server.Close)
	t.Cleanup(func() { close(done) })
	for _, c := range calls() {
		kind := slackapi.Unavailable
		if c.write {
			kind = slackapi.Ambiguous
		}
		err := c.call(t.Context(), slackapi.New(server.URL+"/api/", &http.Client{Timeout: 20 * time.Millisecond}))
		refused(t, err, slackapi.Error{Method: c.method, Code: "timeout", Kind: kind})
	}
}

// Callers end an installation, a channel or a request on these kinds, so each code is spelt out here once more.
func TestCodesThatEndSomething(t *testing.T) {
	t.Parallel()
	for kind, codes := range map[slackapi.Kind][]string{
		slackapi.TokenDead: {"not_authed", "invalid_auth", "token_revoked", "token_expired", "account_inactive", "team_access_not_granted"},
		// is_inactive: the channel is frozen, archived or deleted.
		slackapi.ChannelGone: {"channel_not_found", "not_in_channel", "is_archived", "channel_is_archived", "is_inactive"},
		slackapi.MessageGone: {"message_not_found", "thread_not_found"},
		// Slack is moving the workspace into an organisation; it comes back.
		slackapi.Unavailable:  {"org_login_required", "team_added_to_org", "request_timeout", "service_unavailable"},
		slackapi.MissingScope: {"missing_scope", "no_permission"},
		// The message, the thread or the channel is there: we may not write what we wanted to.
		slackapi.Rejected: {
			"cant_update_message", "cant_delete_message", "edit_window_closed", "restricted_action",
			"restricted_action_thread_only_channel", "restricted_action_read_only_channel", "restricted_action_thread_locked",
			"ekm_access_denied", "invalid_blocks", "msg_too_long",
		},
	} {
		for _, code := range codes {
			t.Run(code, func(t *testing.T) {
				t.Parallel()
				server := httptest.NewServer(answer(200, "", `{"ok":false,"error":"`+code+`"}`))
				t.Cleanup(server.Close)
				for _, c := range calls() {
					err := c.call(t.Context(), slackapi.New(server.URL+"/api/", nil))
					refused(t, err, slackapi.Error{Method: c.method, Code: code, Kind: kind})
				}
			})
		}
	}
}

// refused checks an error, and that it gives nothing away.
func refused(t *testing.T, err error, want slackapi.Error) {
	t.Helper()
	var got *slackapi.Error
	if !errors.As(err, &got) {
		t.Errorf("%s: %v, want a *slackapi.Error", want.Method, err)
		return
	}
	if *got != want {
		t.Errorf("got %+v, want %+v", *got, want)
	}
	said := fmt.Sprintf("%v %+v", err, *got)
	for _, leak := range []string{token, text, url.QueryEscape(text), "127.0.0.1"} {
		if strings.Contains(said, leak) {
			t.Errorf("%s: error holds %q: %s", want.Method, leak, said)
		}
	}
}
