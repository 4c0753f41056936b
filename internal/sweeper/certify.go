package sweeper

import (
	"context"
	"fmt"
	"time"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

const (
	dayOver     = 10 * time.Minute // after midnight: a scrub of the last second may be under way
	certifySize = 100              // certificates of one transaction
)

// Certify signs what was erased and has no certificate yet: the texts of each day that is over, and every other erasure by
// itself. However many processes do it, each erasure gets one, and the chain does not fork.
func (s *Sweeper) Certify(ctx context.Context) error {
	return s.workspaces(ctx, func(id helpdesk.WorkspaceID) error {
		for {
			n := 0
			err := s.Store.InWorkspace(ctx, id, func(tx *postgres.Tx) (err error) {
				n, err = s.certify(ctx, tx, id)
				return err
			})
			if err != nil || n < certifySize {
				return err
			}
		}
	})
}

// certify signs the next erasures of a workspace, each as the next link of its chain.
func (s *Sweeper) certify(ctx context.Context, tx *postgres.Tx, id helpdesk.WorkspaceID) (int, error) {
	now := s.Now()
	open, err := tx.Uncertified(ctx, now.Add(-dayOver), certifySize)
	if err != nil || len(open) == 0 {
		return 0, err
	}
	number, previous, err := tx.LastCertificate(ctx)
	if err != nil {
		return 0, err
	}
	if open, err = tx.Uncertified(ctx, now.Add(-dayOver), certifySize); err != nil { // another process may have been faster
		return 0, err
	}
	for _, e := range open {
		number++
		c := certificate.Certificate{
			ID: helpdesk.NewCertificateID(), Workspace: id, Number: number, Previous: previous, Scope: e.Scope,
			Started: e.StartedAt, Ended: e.EndedAt, Counts: map[string]int64{"texts": e.Texts, "summaries": e.Summaries},
			NotCovered: certificate.NotCovered(e.Scope, e.EndedAt),
		}
		issued, err := s.Signer.Issue(c)
		if err != nil {
			return 0, fmt.Errorf("certify erasure %s: %w", e.ID, err)
		}
		if err := tx.PutCertificate(ctx, postgres.Certificate{
			ID: c.ID, Number: number, Hash: issued.Hash, Document: issued.Document, IssuedAt: now,
		}); err != nil {
			return 0, err
		}
		if err := tx.MarkCertified(ctx, e.ID, now); err != nil {
			return 0, err
		}
		previous = issued.Hash
	}
	return len(open), nil
}
