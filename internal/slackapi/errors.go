package slackapi

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/slack-go/slack"
)

// Kind is what a refusal means for who called.
type Kind string

// The kinds.
const (
	RateLimited  Kind = "rate_limited"  // come back after RetryAfter
	Ambiguous    Kind = "ambiguous"     // a write whose answer was lost: it may have happened
	Unavailable  Kind = "unavailable"   // Slack did not answer; nothing happened
	TokenDead    Kind = "token_dead"    // the installation is over
	ChannelGone  Kind = "channel_gone"  // we are not in the channel, or it is archived or deleted
	MessageGone  Kind = "message_gone"  // the message or its thread is not there
	MissingScope Kind = "missing_scope" // the workspace granted less than we ask for
	Rejected     Kind = "rejected"      // the call is wrong and will stay so
)

// Error is a call that did not succeed. It carries no text, token or address.
type Error struct {
	Method     string
	Code       string // Slack's own, or "http_<status>", "timeout", "connection"
	Kind       Kind
	RetryAfter time.Duration // of RateLimited; zero where Slack did not say
}

func (e *Error) Error() string { return "slack " + e.Method + ": " + e.Code }

// byCode maps Slack's error codes. What is not in it is Rejected.
var byCode = map[string]Kind{
	"ratelimited": RateLimited, "rate_limited": RateLimited, "message_limit_exceeded": RateLimited,

	"fatal_error": Ambiguous, "internal_error": Ambiguous, "request_timeout": Ambiguous,
	"service_unavailable": Unavailable, "team_added_to_org": Unavailable,

	"not_authed": TokenDead, "invalid_auth": TokenDead, "token_revoked": TokenDead, "token_expired": TokenDead,
	"account_inactive": TokenDead, "org_login_required": TokenDead, "team_access_not_granted": TokenDead,

	"channel_not_found": ChannelGone, "not_in_channel": ChannelGone, "is_archived": ChannelGone,
	"channel_is_archived": ChannelGone, "restricted_action_thread_only_channel": ChannelGone,

	"message_not_found": MessageGone, "thread_not_found": MessageGone, "cant_update_message": MessageGone,
	"edit_window_closed": MessageGone, "cant_delete_message": MessageGone, "is_inactive": MessageGone,

	"missing_scope": MissingScope, "no_permission": MissingScope, "ekm_access_denied": Rejected,
}

// refusal turns whatever the SDK returned for a call into an [*Error].
func refusal(name string, err error) error {
	if err == nil {
		return nil
	}
	if errors.Is(err, ErrMethod) {
		return err
	}
	use, unknown := method(name)
	if unknown != nil {
		return unknown
	}
	e := &Error{Method: name}
	var limited *slack.RateLimitedError
	var refused slack.SlackErrorResponse
	var status slack.StatusCodeError
	switch {
	case errors.As(err, &limited):
		e.Kind, e.Code, e.RetryAfter = RateLimited, "ratelimited", limited.RetryAfter
	case errors.As(err, &refused):
		e.Code, e.Kind = refused.Err, Rejected
		if kind, ok := byCode[refused.Err]; ok {
			e.Kind = kind
		}
	case errors.As(err, &status) && status.Code == http.StatusTooManyRequests:
		e.Kind, e.Code, e.RetryAfter = RateLimited, "ratelimited", time.Minute // Slack did not say
	case errors.As(err, &status):
		e.Code = "http_" + http.StatusText(status.Code)
		e.Kind = lost(use)
	default:
		e.Code, e.Kind = transportCode(err), lost(use)
	}
	if e.Kind == Ambiguous && !use.Write {
		e.Kind = Unavailable
	}
	return e
}

// lost is what a missing or unreadable answer means.
func lost(u Use) Kind {
	if u.Write {
		return Ambiguous
	}
	return Unavailable
}

func transportCode(err error) string {
	var syntax *json.SyntaxError
	var timeout interface{ Timeout() bool }
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.As(err, &syntax):
		return "unreadable_answer"
	}
	return "connection"
}
