// Package activities is what workflows do outside themselves. Each activity has at most one effect on the outside
// and may run twice: it reads first, makes one call, and stores the outcome in one transaction after it. Inputs
// and results are ids, enums and times, because they stay in workflow history.
package activities

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"go.temporal.io/sdk/client"

	"github.com/echo-synch/echo-synch/internal/failpoint"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/observe"
	"github.com/echo-synch/echo-synch/internal/person"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/provider"
	"github.com/echo-synch/echo-synch/internal/purge"
	"github.com/echo-synch/echo-synch/internal/redact"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/internal/slackapi"
)

// Activities holds what the activities need. Every exported method is one.
type Activities struct {
	Store    *postgres.Store
	Keys     *keystore.Store
	Wrapper  seal.Wrapper
	Slack    *slackapi.API
	Models   *provider.Router
	Metrics  *observe.Metrics
	Prices   observe.Prices // of our model's tokens
	Redactor *redact.Redactor
	Temporal client.Client
	Log      *slog.Logger
	Now      func() time.Time
	Fail     failpoint.Points
	// Purger destroys workspaces; PurgeGrace is how long after an uninstall a reinstall restores one.
	Purger     *purge.Purger
	PurgeGrace time.Duration
	PublicURL  string // where browsers reach us
	// Eraser erases persons.
	Eraser *person.Eraser

	calls calls
}

// session opens a Slack session with the workspace's bot token.
func (a *Activities) session(ctx context.Context, id helpdesk.WorkspaceID, token []byte) (*slackapi.Session, error) {
	plain, err := a.Wrapper.Unwrap(ctx, postgres.TokenContext(id), token)
	if err != nil {
		return nil, fmt.Errorf("decrypt token of workspace %s: %w", id, err)
	}
	return a.Slack.As(secret.New(string(plain))), nil
}
