package app

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"errors"
	"fmt"
	"log/slog"
	"time"

	enumspb "go.temporal.io/api/enums/v1"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/temporal"

	"github.com/echo-synch/echo-synch/internal/archive"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/keystore"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows/names"
)

// PreviewPerson counts what is stored of a person. [helpdesk.ErrNotFound] where nothing is.
func (o *Operator) PreviewPerson(ctx context.Context, person string) (p helpdesk.PersonPreview, err error) {
	err = o.do(ctx, func(tx *postgres.Tx) error {
		p, err = o.previewPerson(ctx, tx, person)
		return err
	})
	return p, err
}

func (o *Operator) previewPerson(ctx context.Context, tx *postgres.Tx, person string) (helpdesk.PersonPreview, error) {
	p, err := tx.PreviewPerson(ctx, person)
	if err == nil && p.IsZero() {
		err = helpdesk.ErrNotFound
	}
	return p, err
}

// ErasePerson begins the erasure of a person and has a workflow carry it out. [helpdesk.ErrNotFound] where nothing is stored
// of them, [helpdesk.ErrLastAdmin] where the workspace would have no admin. It can be repeated, and must be where Temporal
// did not answer.
func (o *Operator) ErasePerson(ctx context.Context, person string, law helpdesk.Law) (d helpdesk.DataRequest, err error) {
	now := time.Now()
	err = o.do(ctx, func(tx *postgres.Tx) error {
		p, err := o.previewPerson(ctx, tx, person)
		if err != nil {
			return err
		}
		if p.LastAdmin {
			return helpdesk.ErrLastAdmin
		}
		d, err = o.begin(ctx, tx, helpdesk.AuditErased, person, helpdesk.DataRequest{
			ID: helpdesk.NewDataRequestID(now), Kind: helpdesk.PersonErasure, Law: law, Person: person, Pseudonym: helpdesk.NewPseudonym(),
			AskedBy: o.by, AskedAt: now, DueAt: now.Add(law.Within()), Step: helpdesk.EraseRoles,
		})
		return err
	})
	if err != nil {
		return d, err
	}
	return d, o.answer(ctx, d)
}

// begin stores a data request, or finds the one under way, and appends to the audit log that it was asked for.
func (o *Operator) begin(ctx context.Context, tx *postgres.Tx, action helpdesk.AuditAction, object string, d helpdesk.DataRequest) (helpdesk.DataRequest, error) {
	stored, _, err := tx.BeginDataRequest(ctx, d)
	if err != nil {
		return d, err
	}
	return stored, tx.Audit(ctx, helpdesk.AuditEntry{At: d.AskedAt, Actor: o.by, Action: action, Object: object, After: string(stored.Law)})
}

// answer starts the workflow of a data request, unless it has one.
func (o *Operator) answer(ctx context.Context, d helpdesk.DataRequest) error {
	in := names.DataRequestInput{Workspace: o.workspace, DataRequest: d.ID}
	err := o.start(ctx, names.WorkflowDataRequest, in, client.StartWorkflowOptions{
		ID: names.DataRequestID(in), StaticSummary: string(d.Kind),
		WorkflowIDReusePolicy:    enumspb.WORKFLOW_ID_REUSE_POLICY_REJECT_DUPLICATE,
		WorkflowIDConflictPolicy: enumspb.WORKFLOW_ID_CONFLICT_POLICY_USE_EXISTING,
		TypedSearchAttributes: temporal.NewSearchAttributes(
			temporal.NewSearchAttributeKeyKeyword(names.AttributeWorkspaceID).ValueSet(o.workspace.String())),
	})
	if err != nil {
		return fmt.Errorf("the request is recorded, but Temporal does not answer: %w; repeat the command", err)
	}
	return nil
}

// ErrNoKeys: what is sealed cannot be opened here.
var ErrNoKeys = errors.New("texts are sealed: set KEYSTORE_URL, and LOCAL_KMS_KEY_FILE or KMS_KEY_ID, as for the servers")

// ExportPerson writes what is stored of a person to where create leads, and appends before it opens anything that it was
// exported. [helpdesk.ErrNotFound] where nothing is stored. It can be repeated until it succeeds: the law's time runs from
// the first time.
func (o *Operator) ExportPerson(ctx context.Context, person string, law helpdesk.Law, create archive.Create, progress func(helpdesk.PersonTally)) (d helpdesk.DataRequest, err error) {
	if o.cfg.KeystoreURL.IsZero() || o.cfg.LocalKeyFile == "" && o.cfg.KMS.KeyID == "" {
		return d, ErrNoKeys
	}
	wrapper, err := openWrapper(ctx, o.cfg)
	if err != nil {
		return d, err
	}
	keys, err := keystore.Open(ctx, o.cfg.KeystoreURL, wrapper)
	if err != nil {
		return d, err
	}
	defer keys.Close()
	if d, err = o.beginExport(ctx, person, law); err != nil {
		return d, err
	}
	if err := o.answer(ctx, d); err != nil {
		return d, err
	}
	a := &archive.Archive{Store: o.store, Keys: keys, Now: time.Now}
	tally, err := a.Person(ctx, o.workspace, person, create, func(ctx context.Context, t helpdesk.PersonTally) error {
		progress(t)
		return o.do(ctx, func(tx *postgres.Tx) error { return tx.TallyDataRequest(ctx, d.ID, t) })
	})
	if err != nil {
		return d, err
	}
	d.PersonTally = tally
	if err := o.do(ctx, func(tx *postgres.Tx) error {
		return tx.FinishDataRequest(ctx, d.ID, helpdesk.DataExported, time.Now())
	}); err != nil {
		return d, err
	}
	return d, o.look(ctx, d)
}

func (o *Operator) beginExport(ctx context.Context, person string, law helpdesk.Law) (d helpdesk.DataRequest, err error) {
	now := time.Now()
	err = o.do(ctx, func(tx *postgres.Tx) error {
		if _, err := o.previewPerson(ctx, tx, person); err != nil {
			return err
		}
		d, err = o.begin(ctx, tx, helpdesk.AuditExported, person, helpdesk.DataRequest{
			ID: helpdesk.NewDataRequestID(now), Kind: helpdesk.PersonExport, Law: law, Person: person,
			AskedBy: o.by, AskedAt: now, DueAt: now.Add(law.Within()), Step: helpdesk.ExportWrites,
		})
		return err
	})
	return d, err
}

// look tells the workflow of a data request that there is news.
func (o *Operator) look(ctx context.Context, d helpdesk.DataRequest) error {
	c, err := dialTemporal(o.cfg.Temporal, slog.New(slog.DiscardHandler))
	if err != nil {
		return err
	}
	defer c.Close()
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	return c.SignalWorkflow(ctx, names.DataRequestID(names.DataRequestInput{DataRequest: d.ID}), "", names.SignalLook, nil)
}

// DataRequests lists the data requests of the workspace, those not yet answered first.
func (o *Operator) DataRequests(ctx context.Context) (found []helpdesk.DataRequest, err error) {
	err = o.do(ctx, func(tx *postgres.Tx) error {
		found, err = tx.DataRequests(ctx, 1000)
		return err
	})
	return found, err
}

// CertificateAddress is where the certificate of an erasure stands once there is one.
func (o *Operator) CertificateAddress(d helpdesk.DataRequest) string {
	return o.cfg.PublicURL + "/trust/certificates/" + d.Certificate.String()
}

// LinkExport makes a link to an export of the workspace, which works once, and returns the data request it belongs to. Only
// the hash of its token is stored.
func (o *Operator) LinkExport(ctx context.Context) (d helpdesk.DataRequest, link string, err error) {
	random := make([]byte, 32)
	rand.Read(random) // never fails: it would end the process instead
	token := base64.RawURLEncoding.EncodeToString(random)
	now := time.Now()
	err = o.do(ctx, func(tx *postgres.Tx) error {
		id := helpdesk.NewDataRequestID(now)
		d, err = o.begin(ctx, tx, helpdesk.AuditExportLink, id.String(), helpdesk.DataRequest{
			ID: id, Kind: helpdesk.WorkspaceExport, AskedBy: o.by, AskedAt: now, DueAt: now.Add(helpdesk.LinkFor), Step: helpdesk.ExportWaits,
		})
		if err != nil {
			return err
		}
		return tx.PutExportLink(ctx, sha256.Sum256([]byte(token)), id, d.DueAt)
	})
	if err != nil {
		return d, "", err
	}
	return d, o.cfg.PublicURL + "/exports/" + token, o.answer(ctx, d)
}
