package stack

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/http"
	"path/filepath"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/internal/slacksim"
)

// Settle installs a second workspace beside Acme, with one channel that is monitored; more, where given, goes into the same
// transaction. Its events have to be delivered by hand.
func (s *Stack) Settle(ctx context.Context, n slacksim.Neighbour, installer string, more func(context.Context, *postgres.Tx, helpdesk.ChannelID) error) (helpdesk.WorkspaceID, error) {
	now := time.Now()
	id := helpdesk.NewWorkspaceID(now)
	s.Slack.Admit(n)
	wrapper, err := seal.OpenLocal(filepath.Join(s.Dir, "kms.key"), false)
	if err != nil {
		return id, err
	}
	keys, err := keystore.Open(ctx, secret.New(s.Info.KeystoreURL), wrapper)
	if err != nil {
		return id, err
	}
	defer keys.Close()
	store, err := postgres.Open(ctx, secret.New(s.Info.DatabaseURL))
	if err != nil {
		return id, err
	}
	defer store.Close()
	if err := keys.CreateWorkspaceKey(ctx, id); err != nil {
		return id, err
	}
	key, err := keys.WorkspaceKey(ctx, id)
	if err != nil {
		return id, err
	}
	token, err := wrapper.Wrap(ctx, postgres.TokenContext(id), []byte(n.Token))
	if err != nil {
		return id, err
	}
	return id, store.InWorkspace(ctx, id, func(tx *postgres.Tx) error {
		if err := tx.Install(ctx, helpdesk.Workspace{
			Team: n.Team, AppID: "A0ECHO", BotUser: n.Bot, Installer: installer, Scopes: slackapi.BotScopes(), AuthorizedAt: now,
			Settings: helpdesk.DefaultSettings("UTC"),
		}, token, key); err != nil {
			return err
		}
		if _, err := tx.Point(ctx, n.Team, now); err != nil {
			return err
		}
		channel, err := tx.JoinChannel(ctx, n.Channel, now.Add(-time.Minute))
		if err != nil {
			return err
		}
		if err := tx.MarkIntroduced(ctx, channel.ID, false, now); err != nil || more == nil {
			return err
		}
		return more(ctx, tx, channel.ID)
	})
}

// Deliver sends a body to an address of the api as Slack does, signed with a secret, and returns the status.
func (s *Stack) Deliver(ctx context.Context, path string, body []byte, secret string) (int, error) {
	timestamp := fmt.Sprint(time.Now().Unix())
	mac := hmac.New(sha256.New, []byte(secret))
	fmt.Fprintf(mac, "v0:%s:%s", timestamp, body)
	request, err := http.NewRequestWithContext(ctx, http.MethodPost, s.Info.API+path, bytes.NewReader(body))
	if err != nil {
		return 0, err
	}
	request.Header.Set("Content-Type", "application/json")
	request.Header.Set("X-Slack-Request-Timestamp", timestamp)
	request.Header.Set("X-Slack-Signature", "v0="+hex.EncodeToString(mac.Sum(nil)))
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return 0, err
	}
	return response.StatusCode, response.Body.Close() // only its status was wanted
}
