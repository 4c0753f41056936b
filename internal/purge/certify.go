package purge

import (
	"context"
	"time"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// certify signs what was done, as the last link of the workspace's chain; the links before it go. All of it is one
// transaction with the end of the purge, so there is one certificate.
func (p *Purger) certify(ctx context.Context, now helpdesk.Purge) (bool, time.Duration, error) {
	issued := p.Now()
	err := p.in(ctx, now.Workspace, func(tx *postgres.Tx) error {
		number, previous, err := tx.LastCertificate(ctx)
		if err != nil {
			return err
		}
		if now, err = tx.Purge(ctx); err != nil || now.Ended() {
			return err // another process was faster
		}
		times := map[string]time.Time{
			"uninstalled": now.UninstalledAt, "token_destroyed": now.TokenAt, "keys_destroyed": now.KeysAt,
			"histories_deleted": now.HistoriesAt, "rows_deleted": now.RowsAt, "census_empty": now.CensusAt,
		}
		started := now.UninstalledAt
		if now.Cause == helpdesk.PurgeReplayed { // the keys went long before; the first certificate was lost with the restore
			started = now.KeysAt
			times["brought_back"] = now.UninstalledAt
			delete(times, "uninstalled")
		}
		signed, err := p.Signer.Issue(certificate.Certificate{
			ID: now.Certificate, Workspace: now.Workspace, Number: number + 1, Previous: previous, Scope: helpdesk.ScopePurge,
			Started: started, Ended: issued, Times: times,
			Counts:     map[string]int64{"keys": now.Keys, "histories": now.Histories, "rows": now.Rows, "left": 0},
			NotCovered: certificate.NotCovered(helpdesk.ScopePurge, issued),
		})
		if err != nil {
			return err
		}
		if _, err := tx.DropCertificates(ctx, now.Certificate); err != nil {
			return err
		}
		if err := tx.PutCertificate(ctx, postgres.Certificate{
			ID: now.Certificate, Number: number + 1, Hash: signed.Hash, Document: signed.Document, IssuedAt: issued,
		}); err != nil {
			return err
		}
		return tx.FinishPurgeStep(ctx, helpdesk.PurgeCertify, issued)
	})
	return err == nil, 0, err
}
