package activities

import (
	"context"
	"errors"

	"github.com/echo-synch/echo-synch/internal/blockkit"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/slackapi"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// TellPaused tells every admin, once for each pause, that their own project refuses its model and that nobody else is asked. It
// is tried again only where nobody could be told, so that nobody is told twice for the sake of somebody else.
func (a *Activities) TellPaused(ctx context.Context, in names.RequestInput) error {
	var b helpdesk.BYOM
	var agents []helpdesk.Agent
	f, err := a.face(ctx, in, "chat.postMessage", func(tx *postgres.Tx) (err error) {
		if b, err = tx.BYOM(ctx); err != nil {
			return err
		}
		agents, err = tx.Agents(ctx)
		return err
	})
	if errors.Is(err, helpdesk.ErrNotFound) {
		return nil // the model was removed meanwhile
	}
	if err != nil {
		return failure(err)
	}
	if b.PausedAt.IsZero() || !b.ToldAt.IsZero() {
		return nil
	}
	text, blocks := blockkit.ModelPaused{Project: b.Project, Location: b.Location, Model: b.Model}.Render()
	told, failed := 0, error(nil)
	for _, g := range agents {
		if g.Role != helpdesk.RoleAdmin {
			continue
		}
		m := slackapi.Message{Channel: g.User, Text: text, Blocks: blocks}
		err := a.paced(ctx, f, "chat.postMessage", f.wait, func() error {
			_, err := f.session.Post(ctx, m)
			return err
		})
		if err == nil {
			told++
			continue
		}
		a.Log.WarnContext(ctx, "admin not told of a paused model", "workspace_id", in.Workspace, "err", err)
		if !permanent[failureType(err)] {
			failed = err
		}
	}
	if told == 0 && failed != nil {
		return failure(failed)
	}
	return failure(a.Store.InWorkspace(ctx, in.Workspace, func(tx *postgres.Tx) error {
		return tx.MarkPauseTold(ctx, b.Version, a.Now())
	}))
}
