package postgres_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

func asked(person string, kind helpdesk.DataKind) helpdesk.DataRequest {
	return helpdesk.DataRequest{
		ID: helpdesk.NewDataRequestID(now), Kind: kind, Law: helpdesk.CCPA, Person: person, Pseudonym: helpdesk.NewPseudonym(),
		AskedBy: "operator:root", AskedAt: now, DueAt: now.Add(helpdesk.CCPA.Within()), Step: helpdesk.EraseRoles,
	}
}

// Who asks again for the same is answered once, by the time of the first; afterwards it is another data request.
func TestADataRequestIsOpenOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	first := asked("U1", helpdesk.PersonErasure)
	for n, d := range []helpdesk.DataRequest{first, asked("U1", helpdesk.PersonErasure), asked("U1", helpdesk.PersonExport), asked("U2", helpdesk.PersonErasure)} {
		b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
			stored, begun, err := tx.BeginDataRequest(ctx, d)
			if want := n != 1; begun != want || (stored.ID == first.ID) != (n < 2) {
				t.Errorf("%d: begun %v, stored %+v", n, begun, stored)
			}
			return err
		})
	}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.FinishDataRequest(ctx, first.ID, helpdesk.DataErased, now.Add(time.Hour)); err != nil {
			return err
		}
		if err := tx.FinishDataRequest(ctx, first.ID, helpdesk.DataBroken, now); !errors.Is(err, helpdesk.ErrNotFound) {
			t.Errorf("ended twice: %v", err)
		}
		found, err := tx.DataRequests(ctx, 10)
		if len(found) != 3 || !found[2].Ended() || found[2].Outcome != helpdesk.DataErased {
			t.Errorf("listed %+v", found)
		}
		return err
	})
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		_, begun, err := tx.BeginDataRequest(ctx, asked("U1", helpdesk.PersonErasure))
		if !begun {
			t.Error("not begun anew")
		}
		return err
	})
}

// Of two who use a link at once one gets it; wrong, used and expired ones look alike.
func TestAnExportLinkWorksOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	id := helpdesk.NewDataRequestID(now)
	hash := [32]byte{7}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.PutExportLink(ctx, hash, id, now.Add(time.Hour))
	})
	for name, tt := range map[string]struct {
		hash [32]byte
		at   time.Time
		want bool
	}{"works": {hash, now, true}, "wrong": {[32]byte{8}, now, false}, "expired": {hash, now.Add(2 * time.Hour), false}} {
		if got, err := b.store.ExportLinked(t.Context(), tt.hash, tt.at); err != nil || got != tt.want {
			t.Errorf("%s: %v, %v", name, got, err)
		}
		if tt.want {
			continue
		}
		if _, _, err := b.store.TakeExportLink(t.Context(), tt.hash, tt.at); !errors.Is(err, helpdesk.ErrNotFound) {
			t.Errorf("%s: %v", name, err)
		}
	}
	var taken atomic.Int32
	take := func(*postgres.Tx) error {
		ws, request, err := b.store.TakeExportLink(t.Context(), hash, now)
		if err == nil && ws == w.id && request == id {
			taken.Add(1)
		}
		return nil
	}
	b.atOnce(t, w, take, take)
	if taken.Load() != 1 {
		t.Errorf("taken %d times", taken.Load())
	}
}

// While a person is erased the application may put their pseudonym into the audit log, and nothing else.
func TestTheAuditLogTakesPseudonyms(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	d := asked("U1", helpdesk.PersonErasure)
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.Audit(ctx, helpdesk.AuditEntry{At: now, Actor: "slack:U1", Action: helpdesk.AuditRole, Object: "U2"}); err != nil {
			return err
		}
		_, _, err := tx.BeginDataRequest(ctx, d)
		return err
	})
	conn, err := pgx.Connect(t.Context(), b.app.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	if _, err := conn.Exec(t.Context(), `select set_config('app.workspace_id', $1, false)`, w.id.String()); err != nil {
		t.Fatal(err)
	}
	for sql, allowed := range map[string]bool{
		`update tenant.audit set actor = 'slack:U3'`:                                                false,
		`update tenant.audit set actor = 'slack:` + helpdesk.NewPseudonym() + `'`:                   false,
		`update tenant.audit set object = '` + d.Pseudonym + `'`:                                    false,
		`update tenant.audit set actor = 'slack:` + d.Pseudonym + `', action = 'x'`:                 false,
		`update tenant.audit set actor = 'slack:` + d.Pseudonym + `', at = now()`:                   false,
		`update tenant.data_request set pseudonym = 'U3'`:                                           false,
		`update tenant.audit set actor = 'slack:` + d.Pseudonym + `' where actor = 'slack:` + "U1'": true,
	} {
		tx, err := conn.Begin(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		tag, err := tx.Exec(t.Context(), sql)
		if (err == nil) != allowed || allowed && tag.RowsAffected() != 1 {
			t.Errorf("%s: %v", sql, err)
		}
		if err := tx.Rollback(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}
