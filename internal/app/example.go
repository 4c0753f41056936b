package app

import (
	"context"
	"errors"
	"time"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/redact"
)

// ErrNoCorrection: only what a person has said about a label can be an example of it.
var ErrNoCorrection = errors.New("no agent has chosen its label")

// Example is a text that stands for a label.
type Example struct{ Label, Text string }

// maxExample bounds an example, in characters.
const maxExample = 300

// Example shows what would be kept of a corrected request, and keeps it where keep says so. [ErrNoCorrection] where no agent
// has chosen the label, [helpdesk.ErrErased] where text or summary are gone.
func (b *Keyholder) Example(ctx context.Context, number int64, keep bool) (e Example, err error) {
	var r helpdesk.Request
	if err := b.store.InWorkspace(ctx, b.workspace, func(tx *postgres.Tx) (err error) {
		r, err = tx.RequestByNumber(ctx, number)
		return err
	}); err != nil {
		return e, err
	}
	if r.TriagedBy != helpdesk.ByHuman {
		return e, ErrNoCorrection
	}
	keys, err := b.keys.RequestKeys(ctx, b.workspace, r.ID)
	if err != nil {
		return e, err
	}
	if !keys.HasText || !keys.HasSummary {
		return e, helpdesk.ErrErased
	}
	rules, err := redact.New()
	if err != nil {
		return e, err
	}
	err = b.store.InWorkspace(ctx, b.workspace, func(tx *postgres.Tx) error {
		text, err := tx.RequestText(ctx, r.ID, keys.Text)
		if err != nil {
			return err
		}
		shown := []rune(rules.Start(redact.IPAddress, redact.HostName).Text(string(text)))
		e = Example{r.Label, string(shown[:min(len(shown), maxExample)])}
		if !keep {
			return nil
		}
		if err := tx.PutExample(ctx, r.ID, e.Text, keys.Summary); err != nil {
			return err
		}
		return tx.Audit(ctx, helpdesk.AuditEntry{At: time.Now(), Actor: b.by, Action: helpdesk.AuditExample, Object: r.ID.String(), After: r.Label})
	})
	return e, err
}
