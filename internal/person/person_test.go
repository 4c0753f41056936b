package person_test

import (
	"context"
	"encoding/json"
	"errors"
	"maps"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/echo-synch/echo-synch/internal/certificate"
	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/workflows/names"
)

func TestEverythingOfAPersonGoes(t *testing.T) {
	t.Parallel()
	b := setup(t)
	theirs := b.traces(t, b.other, rita)
	d := b.begin(t)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error { // the fixture reaches every column of the table
		found, err := tx.CensusPerson(ctx, d)
		for _, c := range postgres.Columns() {
			if found[c.Table+"."+c.Column] == 0 {
				t.Errorf("nothing of the person in %s.%s: this test would find nothing", c.Table, c.Column)
			}
		}
		return err
	})
	done, waited := b.finish(t, d)
	if waited < 30*time.Second || waited > time.Minute {
		t.Errorf("waited %v: a delivery that was claimed has to be let go of first", waited)
	}
	if left := b.traces(t, b.workspace, rita); len(left) != 0 {
		t.Errorf("the person is still in %v", left)
	}
	if left := b.traces(t, b.workspace, "D0RITA"); len(left) != 0 {
		t.Errorf("the person's channel is still in %v", left)
	}
	if now := b.traces(t, b.other, rita); !maps.Equal(now, theirs) {
		t.Errorf("another workspace's: %v, was %v", now, theirs)
	}
	want := helpdesk.PersonTally{Requests: 4, Texts: 4, Summaries: 4, Roles: 1, Deliveries: 1, Names: done.Names}
	if done.PersonTally != want || done.Names < 7 || done.Outcome != helpdesk.DataErased || done.Person != d.Pseudonym {
		t.Errorf("ended as %+v", done)
	}
	b.wantRequests(t, d.Pseudonym)
	b.wantCertificate(t, done)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error { // once more
		p, err := tx.PreviewPerson(ctx, rita)
		if !p.IsZero() || p.Open+p.Assigned != 0 {
			t.Errorf("found again: %+v", p)
		}
		return err
	})
}

// wantRequests looks at what became of each request.
func (b *bundle) wantRequests(t *testing.T, pseudonym string) {
	t.Helper()
	for what, want := range map[string]struct {
		status              helpdesk.Status
		requester, assignee string
		agentBy             string
		readable            bool
	}{
		"open":         {helpdesk.Withdrawn, pseudonym, "", "", false},
		"closed":       {helpdesk.Closed, pseudonym, alex, "", false},
		"resolved":     {helpdesk.Resolved, pseudonym, "", "", false},
		"lost":         {helpdesk.Withdrawn, pseudonym, "", "", false},
		"hers":         {helpdesk.InProgress, "U0SAM", "", "", true},
		"hers, lost":   {helpdesk.Waiting, "U0SAM", "", "", true},
		"hers, closed": {helpdesk.Closed, "U0SAM", pseudonym, pseudonym, true},
	} {
		id := b.requests[what]
		_, err := b.Keys.RequestKeys(t.Context(), b.workspace, id)
		if (err == nil) != want.readable || err != nil && !errors.Is(err, helpdesk.ErrErased) {
			t.Errorf("%s: keys: %v", what, err)
		}
		b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
			r, err := tx.Request(ctx, id)
			if r.Status != want.status || r.Requester != want.requester || r.Assignee != want.assignee || r.Heard.AgentBy != want.agentBy {
				t.Errorf("%s: %s of %s with %s, answered by %s", what, r.Status, r.Requester, r.Assignee, r.Heard.AgentBy)
			}
			return err
		})
	}
	slices.Sort(b.temporal.told)
	if told := slices.Compact(b.temporal.told); !slices.Equal(told, []string{names.SignalErased, names.SignalUnassign}) {
		t.Errorf("told %v", told)
	}
}

func (b *bundle) wantCertificate(t *testing.T, d helpdesk.DataRequest) {
	t.Helper()
	document := must(b.Store.Certificate(t.Context(), d.Certificate))(t)
	c := must(certificate.Verify(document, b.Signer.Public()))(t)
	files, _ := b.export(t, "")
	var exported []struct {
		Document string `json:"document"`
	}
	if err := json.Unmarshal(files["certificates.json"].Bytes(), &exported); err != nil || len(exported) != 1 || exported[0].Document != string(document) {
		t.Errorf("an exported certificate is another one: %v %v", err, exported)
	}
	if c.Scope != helpdesk.ScopePerson || c.Counts["requests"] != 4 || c.Counts["left"] != 0 || c.Number != 1 || len(c.NotCovered) < 5 {
		t.Errorf("certificate %+v", c)
	}
}

// However many processes go on with an erasure, it has one certificate, and counts everything once.
func TestErasedAtOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.begin(t)
	var erasing sync.WaitGroup
	for range 3 {
		erasing.Go(func() {
			for range 30 {
				now, wait, err := b.Next(t.Context(), b.workspace, d.ID)
				if err != nil && !errors.Is(err, helpdesk.ErrNotFound) { // another one has just ended it
					t.Error(err)
				}
				if now.Ended() {
					return
				}
				b.later(wait)
			}
		})
	}
	erasing.Wait()
	done, _ := b.finish(t, d)
	if done.Requests != 4 || done.Texts != 4 || done.Summaries != 4 || done.Roles != 1 || done.Deliveries != 1 {
		t.Errorf("counted %+v", done.PersonTally)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		ids, err := tx.CertificateIDs(ctx)
		if !slices.Equal(ids, []helpdesk.CertificateID{d.Certificate}) {
			t.Errorf("certificates %v", ids)
		}
		return err
	})
}

// While Temporal is down keys and texts go; the certificate waits until workflows were told.
func TestAnErasureWithoutTemporal(t *testing.T) {
	t.Parallel()
	b := setup(t)
	up := b.Temporal
	b.Temporal = (&temporal{}).serve(t)
	b.Temporal.Close()
	d := b.begin(t)
	now, _, err := b.Next(t.Context(), b.workspace, d.ID)
	if err == nil || now.Ended() || now.Step != helpdesk.EraseWorkflows {
		t.Fatalf("at %s: %v", now.Step, err)
	}
	if _, err := b.Keys.RequestKeys(t.Context(), b.workspace, b.requests["open"]); !errors.Is(err, helpdesk.ErrErased) {
		t.Errorf("keys: %v", err)
	}
	b.Temporal = up
	b.finish(t, d)
	if left := b.traces(t, b.workspace, rita); len(left) != 0 {
		t.Errorf("the person is still in %v", left)
	}
}

// Who still writes while they are erased is erased to the end.
func TestThePersonGoesOnWriting(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.begin(t)
	if _, _, err := b.Next(t.Context(), b.workspace, d.ID); err != nil {
		t.Fatal(err)
	}
	b.request(t, "another", rita, helpdesk.Progress{Status: helpdesk.New})
	b.run(t, "another")
	if done, _ := b.finish(t, d); done.Requests != 5 || done.Texts != 5 {
		t.Errorf("erased %+v", done.PersonTally)
	}
	if left := b.traces(t, b.workspace, rita); len(left) != 0 {
		t.Errorf("the person is still in %v", left)
	}
}

func TestTheOnlyAdminStays(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.begin(t)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.RemoveAgent(ctx, alex); err != nil {
			return err
		}
		p, err := tx.PreviewPerson(ctx, rita)
		if !p.LastAdmin {
			t.Errorf("preview %+v", p)
		}
		return err
	})
	if _, _, err := b.Next(t.Context(), b.workspace, d.ID); !errors.Is(err, helpdesk.ErrLastAdmin) {
		t.Fatalf("got %v", err)
	}
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.PutAgent(ctx, "U0DANA", helpdesk.RoleAdmin, b.clock())
	})
	b.finish(t, d)
}

// A purge overtakes an erasure: there is nothing left to erase.
func TestAnErasureBesideAPurge(t *testing.T) {
	t.Parallel()
	b := setup(t)
	d := b.begin(t)
	if _, _, err := b.Next(t.Context(), b.workspace, d.ID); err != nil {
		t.Fatal(err)
	}
	b.later(time.Minute)
	b.in(t, func(ctx context.Context, tx *postgres.Tx) error {
		if _, _, err := tx.BeginPurge(ctx, helpdesk.PurgeOrdered, b.clock(), b.clock(), 0); err != nil {
			return err
		}
		_, err := tx.CommitPurge(ctx, b.clock())
		return err
	})
	if _, err := b.Keys.DestroyWorkspace(t.Context(), b.workspace); err != nil {
		t.Fatal(err)
	}
	if _, _, err := b.Next(t.Context(), b.workspace, d.ID); err != nil {
		t.Errorf("between keys and rows: %v", err)
	}
	for deleted := int64(1); deleted > 0; {
		b.in(t, func(ctx context.Context, tx *postgres.Tx) (err error) {
			deleted, err = tx.DeleteRows(ctx, 1000)
			return err
		})
	}
	if _, _, err := b.Next(t.Context(), b.workspace, d.ID); !errors.Is(err, helpdesk.ErrNotFound) {
		t.Errorf("after the rows: %v", err)
	}
}
