package postgres

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Certificate is one as it is kept: what it says is the certificate package's business.
type Certificate struct {
	ID       helpdesk.CertificateID
	Number   int64  // in the chain of its workspace
	Hash     string // what the next one names
	Document []byte
	IssuedAt time.Time
}

// Certificate is the published form of a certificate. [helpdesk.ErrNotFound] where there is none. It sees all workspaces:
// whoever knows the id may read it.
func (s *Store) Certificate(ctx context.Context, id helpdesk.CertificateID) ([]byte, error) {
	ctx, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	var document []byte
	err := s.pool.QueryRow(ctx, `select document from system.certificate where certificate_id = $1`, id).Scan(&document)
	if err != nil {
		return nil, fmt.Errorf("load certificate %s: %w", id, notFound(err))
	}
	return document, nil
}

// LastCertificate is number and hash of the newest certificate of the workspace; zero and "" where there is none. Until the
// transaction ends nobody else adds one.
func (tx *Tx) LastCertificate(ctx context.Context) (number int64, hash string, err error) {
	if _, err := tx.tx.Exec(ctx, `select pg_advisory_xact_lock(hashtextextended('certificate ' || $1, 0))`, tx.workspace.String()); err != nil {
		return 0, "", fmt.Errorf("lock certificates of workspace %s: %w", tx.workspace, err)
	}
	err = tx.tx.QueryRow(ctx, `
		select number, hash from system.certificate where workspace_id = $1 order by number desc limit 1`, tx.workspace).Scan(&number, &hash)
	if err != nil && !errors.Is(err, pgx.ErrNoRows) {
		return 0, "", fmt.Errorf("load last certificate of workspace %s: %w", tx.workspace, err)
	}
	return number, hash, nil
}

// PutCertificate adds a certificate to the workspace's chain.
func (tx *Tx) PutCertificate(ctx context.Context, c Certificate) error {
	_, err := tx.tx.Exec(ctx, `
		insert into system.certificate (certificate_id, workspace_id, number, hash, document, issued_at) values ($1, $2, $3, $4, $5, $6)`,
		c.ID, tx.workspace, c.Number, c.Hash, c.Document, c.IssuedAt)
	if err != nil {
		return fmt.Errorf("store certificate %s: %w", c.ID, err)
	}
	return nil
}

// DropCertificates deletes the certificates of the workspace but one, and says how many.
func (tx *Tx) DropCertificates(ctx context.Context, except helpdesk.CertificateID) (int64, error) {
	tag, err := tx.tx.Exec(ctx, `delete from system.certificate where workspace_id = $1 and certificate_id <> $2`, tx.workspace, except)
	if err != nil {
		return 0, fmt.Errorf("drop certificates of workspace %s: %w", tx.workspace, err)
	}
	return tag.RowsAffected(), nil
}

// CertificateIDs lists the certificates of the workspace in the order of their chain.
func (tx *Tx) CertificateIDs(ctx context.Context) ([]helpdesk.CertificateID, error) {
	rows, err := tx.tx.Query(ctx, `select certificate_id from system.certificate where workspace_id = $1 order by number`, tx.workspace)
	if err != nil {
		return nil, fmt.Errorf("list certificates of workspace %s: %w", tx.workspace, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.CertificateID])
	if err != nil {
		return nil, fmt.Errorf("list certificates of workspace %s: %w", tx.workspace, err)
	}
	return ids, nil
}
