package person

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// errLeft: something came between; the next round finds it.
var errLeft = errors.New("something of the person is left")

// certify counts what is left of the person, which must be nothing, signs what was done as the next link of the workspace's
// chain, and forgets whom the pseudonym stands for; all of it in one transaction, so there is one certificate.
func (r *Eraser) certify(ctx context.Context, e erasure) (time.Duration, error) {
	ended := r.Now()
	err := r.in(ctx, e, func(tx *postgres.Tx) error {
		number, previous, err := tx.LastCertificate(ctx)
		if err != nil {
			return err
		}
		d, err := tx.DataRequest(ctx, e.ID)
		if err != nil || d.Ended() {
			return err // another process was faster
		}
		if err := tx.StepDataRequest(ctx, d.ID, helpdesk.EraseCertify); err != nil { // whoever asks for it again waits, or is seen
			return err
		}
		left, err := tx.CensusPerson(ctx, d)
		if err != nil {
			return err
		}
		if len(left) > 0 {
			r.Log.InfoContext(ctx, "erasure of a person goes on", "workspace_id", e.workspace, "data_request_id", e.ID, "left", left)
			return errLeft
		}
		signed, err := r.Signer.Issue(certificate.Certificate{
			ID: d.Certificate, Workspace: e.workspace, Number: number + 1, Previous: previous, Scope: helpdesk.ScopePerson,
			Started: d.AskedAt, Ended: ended,
			Counts: map[string]int64{
				"requests": d.Requests, "texts": d.Texts, "summaries": d.Summaries, "roles": d.Roles, "deliveries": d.Deliveries,
				"ids_replaced": d.Names, "left": 0,
			},
			NotCovered: certificate.NotCovered(helpdesk.ScopePerson, ended),
		})
		if err != nil {
			return fmt.Errorf("certify erasure %s: %w", e.ID, err)
		}
		if err := tx.PutCertificate(ctx, postgres.Certificate{
			ID: d.Certificate, Number: number + 1, Hash: signed.Hash, Document: signed.Document, IssuedAt: ended,
		}); err != nil {
			return err
		}
		return tx.FinishErasure(ctx, d, ended)
	})
	if errors.Is(err, errLeft) {
		return patience, nil
	}
	return 0, err
}
