package activities

import (
	"errors"

	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/provider"
	"github.com/echo-synch/echo-synch/internal/slackapi"
)

// The types of failure that workflows and operators see. Only the type reaches workflow history.
const (
	FailureUnavailable  = "Unavailable"  // a part of ours does not answer; retried
	FailureModel        = "Model"        // the model gave no usable answer; retried, when it said so
	FailureDeclined     = "Declined"     // the model declined to answer, which is an answer
	FailureRateLimited  = "RateLimited"  // Slack said when to come back; retried then
	FailureSlack        = "Slack"        // Slack does not answer, or its answer was lost; retried
	FailureNotFound     = "NotFound"     // the row is gone
	FailureErased       = "Erased"       // the key is gone
	FailureNotInstalled = "NotInstalled" // no living installation, or its token is dead; retried, because a reinstall restores it
	FailureChannelGone  = "ChannelGone"  // we cannot write in the channel
	FailureMessageGone  = "MessageGone"  // the message or its thread is gone
	FailureRejected     = "Rejected"     // Slack will never accept this call
)

// permanent are the failures that retrying cannot fix.
var permanent = map[string]bool{
	FailureNotFound: true, FailureErased: true, FailureDeclined: true,
	FailureChannelGone: true, FailureMessageGone: true, FailureRejected: true,
}

// byKind maps what Slack refused to a type of failure.
var byKind = map[slackapi.Kind]string{
	slackapi.RateLimited:  FailureRateLimited,
	slackapi.Ambiguous:    FailureSlack,
	slackapi.Unavailable:  FailureSlack,
	slackapi.TokenDead:    FailureNotInstalled,
	slackapi.ChannelGone:  FailureChannelGone,
	slackapi.MessageGone:  FailureMessageGone,
	slackapi.MissingScope: FailureRejected,
	slackapi.Rejected:     FailureRejected,
}

// failure is how every activity ends: it gives an error its type, says whether to retry it, and when.
func failure(err error) error {
	if err == nil {
		return nil
	}
	kind := failureType(err)
	options := temporal.ApplicationErrorOptions{Cause: err, NonRetryable: permanent[kind]}
	var refused *slackapi.Error
	var absent *provider.Failure
	switch {
	case errors.As(err, &refused):
		options.NextRetryDelay = refused.RetryAfter
	case errors.As(err, &absent):
		options.NextRetryDelay = absent.After
	}
	return temporal.NewApplicationErrorWithOptions(err.Error(), kind, options)
}

// failureType is the one type of every error.
func failureType(err error) string {
	var refused *slackapi.Error
	var absent *provider.Failure
	switch {
	case errors.As(err, &refused):
		return byKind[refused.Kind]
	case errors.As(err, &absent) && absent.Why.Final():
		return FailureDeclined
	case errors.As(err, &absent):
		return FailureModel
	case errors.Is(err, helpdesk.ErrNotFound):
		return FailureNotFound
	case errors.Is(err, helpdesk.ErrErased):
		return FailureErased
	case errors.Is(err, helpdesk.ErrNotInstalled):
		return FailureNotInstalled
	}
	return FailureUnavailable
}

// refusedAs reports whether Slack refused a call in the given way.
func refusedAs(err error, kind slackapi.Kind) bool {
	var refused *slackapi.Error
	return errors.As(err, &refused) && refused.Kind == kind
}
