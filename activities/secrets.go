package activities

import (
	"context"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/redact"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// SecretsInput says which kinds of secret a request's text holds.
type SecretsInput struct {
	names.RequestInput
	Kinds []helpdesk.SecretKind `json:"kinds"`
}

// WhisperSecrets tells the requester, in the request's thread, which kinds of secret their message holds. One whose message is
// gone needs no telling.
func (a *Activities) WhisperSecrets(ctx context.Context, in SecretsInput) error {
	f, err := a.face(ctx, in.RequestInput, "chat.postEphemeral", nil)
	if err != nil {
		return failure(err)
	}
	if f.shown.Status == helpdesk.Withdrawn {
		return nil
	}
	text, blocks := blockkit.Secrets(in.Kinds)
	return a.whisper(ctx, f, f.shown.Requester, text, blocks)
}

// secretKinds are the kinds that a workspace hears of, by the rules' names.
var secretKinds = map[redact.Kind]helpdesk.SecretKind{
	redact.Token: helpdesk.SecretToken, redact.PrivateKey: helpdesk.SecretPrivateKey, redact.Password: helpdesk.SecretPassword,
	redact.ConnectionString: helpdesk.SecretConnectionString, redact.RecoveryCode: helpdesk.SecretRecoveryCode, redact.Card: helpdesk.SecretCard,
}

// secrets are the kinds of secret in a text, whoever triages it: they stand in Slack in any case.
func (a *Activities) secrets(text string) (kinds []helpdesk.SecretKind) {
	for _, k := range a.Redactor.Secrets(text) {
		kinds = append(kinds, secretKinds[k])
	}
	return kinds
}

// hidden are the kinds that the workspace hides from models beside secrets and personal data.
func hidden(s helpdesk.Settings) []redact.Kind {
	if s.HideAddresses {
		return []redact.Kind{redact.IPAddress, redact.HostName}
	}
	return nil
}
