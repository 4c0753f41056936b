package postgres_test

import (
	"context"
	"strings"
	"testing"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// An entry is found by its stems with the workspace's key only, inactive ones are not, and how many have a stem is told. What
// it says stands nowhere in the row.
func TestEntriesAreFoundByTheirStems(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	vpn := helpdesk.Entry{ID: helpdesk.NewEntryID(), Key: "vpn", Active: true, Content: helpdesk.Content{Question: "okapi", Answer: "answer", Tags: []string{"x"}}}
	mail := helpdesk.Entry{ID: helpdesk.NewEntryID(), Key: "mail", Active: true, Content: helpdesk.Content{Question: "q"}}
	old := helpdesk.Entry{ID: helpdesk.NewEntryID(), Key: "old", Content: helpdesk.Content{Question: "q"}}
	find := func(key seal.Key, stems ...string) (c postgres.Candidates) {
		b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) (err error) {
			c, err = tx.FindEntries(ctx, stems, key, 5)
			return err
		})
		return c
	}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.PutEntries(ctx, []postgres.IndexedEntry{{vpn, []string{"okapi", "connect"}}, {mail, []string{"mail", "connect"}}, {old, []string{"okapi"}}}, w.key)
	})
	if c := find(w.key, "okapi", "connect", "nothing", "connect"); len(c.Entries) != 2 || c.Entries[0].Question != "okapi" || c.Active != 2 ||
		c.With["okapi"] != 1 || c.With["connect"] != 2 || c.With["nothing"] != 0 {
		t.Errorf("found %+v", c)
	}
	for _, none := range []postgres.Candidates{find(w.key, "okap"), find(w.key), find(seal.NewKey(), "okapi")} {
		if len(none.Entries) != 0 {
			t.Errorf("found %+v", none)
		}
	}
	vpn.Active = false
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		return tx.PutEntries(ctx, []postgres.IndexedEntry{{vpn, []string{"okapi"}}}, w.key)
	})
	if c := find(w.key, "okapi", "connect"); len(c.Entries) != 1 || c.Entries[0].Key != "mail" || c.Active != 1 {
		t.Errorf("found %+v", c)
	}
	conn, err := pgx.Connect(t.Context(), b.admin.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close(context.WithoutCancel(t.Context())) }()
	var rows string
	err = conn.QueryRow(t.Context(), `select string_agg(to_jsonb(e)::text || encode(sealed, 'escape'), '') from tenant.kb_entry e`).Scan(&rows)
	if err != nil || !strings.Contains(rows, "vpn") || strings.Contains(rows, "okapi") {
		t.Errorf("the rows say %s, %v", rows, err)
	}
}

// Whatever is repeated, a request counts once for what was offered on it and once for what was pressed.
func TestOffersCountOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	e := helpdesk.Entry{ID: helpdesk.NewEntryID(), Key: "vpn", Active: true}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		if err := tx.PutEntries(ctx, []postgres.IndexedEntry{{Entry: e}}, w.key); err != nil {
			return err
		}
		for range 2 {
			if err := tx.RecordOffer(ctx, w.request, helpdesk.Offer{Entry: e.ID, Confidence: 87, TS: "1.000002"}); err != nil {
				return err
			}
		}
		for _, pressed := range []helpdesk.Action{helpdesk.NotRelevant, helpdesk.NotRelevant, helpdesk.Helpful, helpdesk.CloseResolved} {
			if err := tx.RateOffer(ctx, w.request, pressed); err != nil {
				return err
			}
		}
		o, err := tx.Offer(ctx, w.request)
		if want := (helpdesk.Offer{Entry: e.ID, Confidence: 87, TS: "1.000002", Pressed: helpdesk.NotRelevant}); err != nil || o != want {
			t.Errorf("offer %+v, %v", o, err)
		}
		all, err := tx.Entries(ctx, w.key, "", 10)
		if err != nil || len(all) != 1 || all[0].EntryCounts != (helpdesk.EntryCounts{Offered: 1, NotRelevant: 1}) {
			t.Errorf("entries %+v, %v", all, err)
		}
		return nil
	})
}
