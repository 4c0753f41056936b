package slackapi

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strconv"
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
	Code       string // Slack's own, or "http_<status>", "timeout", "connection", "unreadable_answer"
	Kind       Kind
	RetryAfter time.Duration // of RateLimited only; [unsaidWait] where Slack did not say
}

func (e *Error) Error() string { return "slack " + e.Method + ": " + e.Code }

// unsaidWait is the pause after a rate limit without a Retry-After: Slack counts in windows of a minute.
const unsaidWait = time.Minute

// byCode maps Slack's error codes. What is not in it is Rejected. Mind what callers do: TokenDead ends an installation,
// ChannelGone the intake of a channel, MessageGone a request, so a mere lack of permission is none of them.
var byCode = map[string]Kind{
	"ratelimited": RateLimited, "rate_limited": RateLimited, "message_limit_exceeded": RateLimited,

	"fatal_error": Ambiguous, "internal_error": Ambiguous, // "some aspect of the operation" may have succeeded
	"request_timeout": Unavailable, "service_unavailable": Unavailable, // the call was not taken
	"team_added_to_org": Unavailable, "org_login_required": Unavailable, // while Slack moves the workspace

	"not_authed": TokenDead, "invalid_auth": TokenDead, "token_revoked": TokenDead, "token_expired": TokenDead,
	"account_inactive": TokenDead, "team_access_not_granted": TokenDead,

	"channel_not_found": ChannelGone, "not_in_channel": ChannelGone, "is_archived": ChannelGone,
	"channel_is_archived": ChannelGone, "is_inactive": ChannelGone,

	"message_not_found": MessageGone, "thread_not_found": MessageGone,

	"missing_scope": MissingScope, "no_permission": MissingScope,
}

// refusal turns whatever went wrong with a call into an [*Error], or [ErrMethod]. It drops the cause, which may hold
// an address.
func refusal(name string, err error) error {
	if err == nil {
		return nil
	}
	use, listed := method(name)
	if !listed || errors.Is(err, ErrMethod) {
		return fmt.Errorf("call slack %s: %w", name, ErrMethod)
	}
	e := &Error{Method: name}
	var limited *slack.RateLimitedError
	var refused slack.SlackErrorResponse
	var status slack.StatusCodeError
	switch {
	case errors.As(err, &limited):
		e.Code, e.Kind, e.RetryAfter = "ratelimited", RateLimited, limited.RetryAfter
	case errors.As(err, &refused):
		e.Code, e.Kind = refused.Err, cmp.Or(byCode[refused.Err], Rejected)
	case errors.As(err, &status) && status.Code == http.StatusTooManyRequests:
		e.Code, e.Kind = "ratelimited", RateLimited
	case errors.As(err, &status):
		e.Code, e.Kind = "http_"+strconv.Itoa(status.Code), Ambiguous
	default:
		e.Code, e.Kind = lostCode(err), Ambiguous
	}
	if e.Kind == Ambiguous && !use.Write {
		e.Kind = Unavailable
	}
	if e.Kind == RateLimited && e.RetryAfter <= 0 {
		e.RetryAfter = unsaidWait
	}
	return e
}

// errUnreadable: an answer that is not what Slack documents, such as a proxy's page.
var errUnreadable = errors.New("unreadable answer")

// lostCode says why there is no answer of Slack's.
func lostCode(err error) string {
	var timeout interface{ Timeout() bool }
	var syntax *json.SyntaxError
	var shape *json.UnmarshalTypeError
	switch {
	case errors.Is(err, context.DeadlineExceeded), errors.As(err, &timeout) && timeout.Timeout():
		return "timeout"
	case errors.Is(err, errUnreadable), errors.Is(err, io.ErrUnexpectedEOF), errors.As(err, &syntax), errors.As(err, &shape):
		return "unreadable_answer"
	}
	return "connection"
}
