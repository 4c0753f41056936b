package activities

import (
	"context"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// Welcome tells the person who installed the app what comes next and where the certificate of its end will stand. It is
// not worth being said twice: the page at the end of the installation says it, too.
func (a *Activities) Welcome(ctx context.Context, in names.WelcomeInput) error {
	workspaceKey, err := a.Keys.WorkspaceKey(ctx, in.Workspace)
	if err != nil {
		return failure(err)
	}
	var token []byte
	var channels []helpdesk.Channel
	var certificate helpdesk.CertificateID
	err = a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		if token, err = tx.Token(ctx, workspaceKey); err != nil {
			return err
		}
		if channels, err = tx.Channels(ctx); err != nil {
			return err
		}
		certificate, err = tx.CertificateID(ctx)
		return err
	})
	if err != nil {
		return failure(err)
	}
	session, err := a.session(ctx, in.Workspace, token)
	if err != nil {
		return failure(err)
	}
	welcome := blockkit.Welcome{Restored: in.Restored, Certificate: a.PublicURL + "/trust/certificates/" + certificate.String()}
	for _, c := range channels {
		welcome.Channels = append(welcome.Channels, c.SlackID)
	}
	text, blocks := welcome.Render()
	_, err = session.Post(ctx, slackapi.Message{Channel: in.User, Text: text, Blocks: blocks, Operation: names.WelcomeID(in)})
	if refusedAs(err, slackapi.Ambiguous) {
		a.Log.WarnContext(ctx, "welcome may not have arrived", "workspace_id", in.Workspace, "err", err)
		return nil
	}
	return failure(err)
}
