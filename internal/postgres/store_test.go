package postgres_test

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/postgres/postgrestest"
	"github.com/echo-synch/echo-synch/internal/seal"
	"github.com/echo-synch/echo-synch/internal/secret"
	"github.com/echo-synch/echo-synch/internal/sla"
)

var now = time.Date(2026, 11, 23, 9, 0, 0, 0, time.UTC)

type bundle struct {
	store      *postgres.Store
	app, admin secret.Value
}

func setup(t *testing.T) *bundle {
	t.Helper()
	app, admin := postgrestest.Main(t)
	store, err := postgres.Open(t.Context(), app)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(store.Close)
	return &bundle{store: store, app: app, admin: admin}
}

// tenant is a workspace with one of everything.
type tenant struct {
	id      helpdesk.WorkspaceID
	key     seal.Key
	channel helpdesk.ChannelID
	request helpdesk.RequestID
}

func (b *bundle) in(t *testing.T, id helpdesk.WorkspaceID, f func(context.Context, *postgres.Tx) error) error {
	t.Helper()
	return b.store.InWorkspace(t.Context(), id, func(tx *postgres.Tx) error { return f(t.Context(), tx) })
}

func (b *bundle) must(t *testing.T, id helpdesk.WorkspaceID, f func(context.Context, *postgres.Tx) error) {
	t.Helper()
	if err := b.in(t, id, f); err != nil {
		t.Fatal(err)
	}
}

func (b *bundle) tenant(t *testing.T, team, channel string) tenant {
	t.Helper()
	w := tenant{id: helpdesk.NewWorkspaceID(now), key: seal.NewKey(), request: helpdesk.NewRequestID()}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		err := tx.Install(ctx, helpdesk.Workspace{
			Team: team, AppID: "A1", BotUser: "UBOT", Installer: "UADMIN", Scopes: []string{"chat:write"}, AuthorizedAt: now,
			Settings: helpdesk.DefaultSettings("UTC"),
		}, []byte("wrapped"), w.key)
		if err != nil {
			return err
		}
		if ok, err := tx.Point(ctx, team, now); err != nil || !ok {
			t.Fatalf("point %s: %v, %v", team, ok, err)
		}
		c, err := tx.JoinChannel(ctx, channel, now)
		if err != nil {
			return err
		}
		w.channel = c.ID
		_, err = tx.OpenRequest(ctx, helpdesk.Request{
			ID: w.request, Channel: c.ID, OriginTS: "1.000001", Requester: "U1", OpenedAt: now,
		}, []byte("text"), w.key)
		return err
	})
	return w
}

func TestOpenRefusesARoleThatPoliciesDoNotBind(t *testing.T) {
	t.Parallel()
	app, admin := postgrestest.Main(t)
	conn, err := pgx.Connect(t.Context(), admin.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	// Roles belong to the cluster, which other tests share.
	suffix := "_" + strings.ToLower(rand.Text())
	urls := map[string]string{
		"administrator":                          admin.Reveal(),
		"administrator in disguise":              admin.Reveal() + "&role=app",
		"administrator in disguise, by options":  admin.Reveal() + "&options=-c%20role%3Dapp",
		"administrator as the group, by options": admin.Reveal() + "&options=-c%20role%3Dechosynch_app",
	}
	for role, attributes := range map[string]string{
		"owner":    "in role echosynch_owner, echosynch_app",
		"distant":  "noinherit in role echosynch_owner, echosynch_app",
		"bypass":   "bypassrls in role echosynch_app",
		"super":    "superuser in role echosynch_app",
		"stranger": "",
	} {
		if _, err := conn.Exec(t.Context(), "create role "+role+suffix+" login password 'test' "+attributes); err != nil {
			t.Fatal(err)
		}
		url := strings.Replace(app.Reveal(), "//app:", "//"+role+suffix+":", 1)
		urls[role] = url
		if role != "stranger" {
			urls[role+" in disguise"] = url + "&options=-c%20role%3Dechosynch_app"
		}
	}
	for name, url := range urls {
		if _, err := postgres.Open(t.Context(), secret.New(url)); !errors.Is(err, postgres.ErrRole) {
			t.Errorf("%s: %v, want ErrRole", name, err)
		}
	}
	// A disguise that changes nothing is no reason to refuse.
	store, err := postgres.Open(t.Context(), secret.New(app.Reveal()+"&options=-c%20role%3Dechosynch_app"))
	if err != nil {
		t.Fatal(err)
	}
	store.Close()
}

// The rules of tenancy hold for every table, those of later migrations included.
func TestCatalog(t *testing.T) {
	t.Parallel()
	b := setup(t)
	conn, err := pgx.Connect(t.Context(), b.admin.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close(t.Context())
	for _, complaint := range catalog(t, conn) {
		t.Error(complaint)
	}
}

// catalog tells which rules of tenancy a database breaks.
func catalog(t *testing.T, conn interface {
	Query(context.Context, string, ...any) (pgx.Rows, error)
}) (complaints []string) {
	t.Helper()
	for rule, query := range map[string]string{
		"every tenant table has forced row-level security": `
			select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where n.nspname = 'tenant' and c.relkind in ('r', 'p') and not (c.relrowsecurity and c.relforcerowsecurity)`,
		"every tenant table has the policy, for reading and writing": `
			select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where n.nspname = 'tenant' and c.relkind in ('r', 'p') and not exists (
			  select from pg_policy p where p.polrelid = c.oid and p.polname = 'tenant' and p.polcmd = '*'
			    and p.polqual is not null and p.polwithcheck is not null)`,
		"the policy lets the workspace of the transaction pass, and nothing else": `
			select c.relname from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
			where n.nspname = 'tenant' and (p.polroles <> '{0}' or exists (
			  select from unnest(array[pg_get_expr(p.polqual, p.polrelid), pg_get_expr(p.polwithcheck, p.polrelid)]) as e(rule)
			  where rule is distinct from '(workspace_id = ( SELECT tenant.current_workspace() AS current_workspace))'))`,
		"a tenant table has no other policy": `
			select p.polname from pg_policy p join pg_class c on c.oid = p.polrelid join pg_namespace n on n.oid = c.relnamespace
			where n.nspname = 'tenant' and p.polname <> 'tenant'`,
		"every tenant table has a workspace_id": `
			select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where n.nspname = 'tenant' and c.relkind in ('r', 'p') and not exists (
			  select from pg_attribute a where a.attrelid = c.oid and a.attname = 'workspace_id' and a.attnotnull)`,
		"every unique index begins with workspace_id": `
			select i.indexrelid::regclass::text from pg_index i join pg_class c on c.oid = i.indrelid
			join pg_namespace n on n.oid = c.relnamespace
			where n.nspname = 'tenant' and i.indisunique and (
			  select a.attname from pg_attribute a where a.attrelid = i.indrelid and a.attnum = i.indkey[0]) <> 'workspace_id'`,
		"every foreign key carries workspace_id": `
			select k.conname from pg_constraint k join pg_class c on c.oid = k.conrelid join pg_namespace n on n.oid = c.relnamespace
			where n.nspname = 'tenant' and k.contype = 'f' and not exists (
			  select from pg_attribute a where a.attrelid = k.conrelid and a.attnum = any(k.conkey) and a.attname = 'workspace_id')`,
		"there are no views and no functions with another's rights": `
			select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where n.nspname in ('tenant', 'system') and c.relkind in ('v', 'm')
			union select p.proname::text from pg_proc p join pg_namespace n on n.oid = p.pronamespace
			where n.nspname in ('tenant', 'system') and p.prosecdef`,
		"the system schema holds what is listed, and nothing else": `
			select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where n.nspname = 'system' and c.relkind in ('r', 'p') and c.relname <> all('{installation,oauth_state,inbox,purge,purge_run,certificate,export_link,mark}')`,
		"there is nothing of ours in another schema": `
			select c.relname from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where c.relkind in ('r', 'p') and n.nspname !~ '^pg_' and n.nspname not in ('tenant', 'system', 'information_schema')
			  and c.relname <> 'goose_db_version'`,
		"the owner owns everything, and nobody logs in as it": `
			select c.relname::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
			where n.nspname in ('tenant', 'system') and c.relkind in ('r', 'p') and c.relowner <> 'echosynch_owner'::regrole
			union select rolname::text from pg_roles where rolname in ('echosynch_owner', 'echosynch_app')
			  and (rolcanlogin or rolsuper or rolbypassrls)`,
	} {
		rows, err := conn.Query(t.Context(), query)
		if err != nil {
			t.Fatalf("%s: %v", rule, err)
		}
		broken, err := pgx.CollectRows(rows, pgx.RowTo[string])
		if err != nil {
			t.Fatalf("%s: %v", rule, err)
		}
		if len(broken) > 0 {
			complaints = append(complaints, fmt.Sprintf("%s: broken by %v", rule, broken))
		}
	}
	return complaints
}

func TestRequestLifecycle(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	summaryKey := seal.NewKey()
	deadlines := helpdesk.Deadlines{
		FirstResponse: helpdesk.Deadline{Due: now.Add(2 * time.Hour), WarnAt: now.Add(time.Hour)},
		Resolution:    helpdesk.Deadline{Due: now.Add(8 * time.Hour), WarnAt: now.Add(7 * time.Hour)},
	}
	triage := helpdesk.Triage{Label: "network", Priority: helpdesk.High, Summary: "about the VPN", By: helpdesk.ByLexical}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		text, err := tx.RequestText(ctx, w.request, w.key)
		if err != nil || string(text) != "text" {
			t.Errorf("text = %q, %v", text, err)
		}
		if _, err := tx.RequestText(ctx, w.request, seal.NewKey()); !errors.Is(err, seal.ErrOpen) {
			t.Errorf("another key opens the text: %v", err)
		}
		progress := helpdesk.Progress{
			Version: 1, Status: helpdesk.New, Label: triage.Label, Priority: triage.Priority, TriagedBy: triage.By, Deadlines: deadlines,
			Checks: []helpdesk.Check{helpdesk.CheckUnsure},
			Pauses: []sla.Pause{{From: now, To: now.Add(time.Minute)}, {From: now.Add(time.Hour)}}, Was: &deadlines, Assignee: "UDANA",
			RespondedAt: now.Add(time.Second), NoResponse: true, ResolvedAt: now.Add(time.Minute),
		}
		if stored, err := tx.Project(ctx, w.request, progress); err != nil || !stored {
			t.Errorf("project: %v, %v", stored, err)
		}
		if stored, err := tx.Project(ctx, w.request, progress); err != nil || stored {
			t.Errorf("the same version was stored twice: %v, %v", stored, err)
		}
		if err := tx.SaveSummary(ctx, w.request, triage.Summary, summaryKey); err != nil {
			return err
		}
		if err := tx.RecordReceipt(ctx, w.request, helpdesk.Posted{TS: "2.000002", Version: 1}); err != nil {
			return err
		}
		if err := tx.RecordCard(ctx, w.request, helpdesk.Posted{Channel: "CSTAFF", TS: "3.000003", Version: 1}); err != nil {
			return err
		}
		if err := tx.RecordLink(ctx, w.request, "https://example.com/p1"); err != nil {
			return err
		}
		r, err := tx.Request(ctx, w.request)
		if err != nil {
			return err
		}
		want := helpdesk.Request{
			ID: w.request, Number: 1, Channel: w.channel, OriginTS: "1.000001", Requester: "U1", OpenedAt: now,
			ScrubAt: now.Add(helpdesk.DefaultRetention), Progress: progress, Link: "https://example.com/p1",
			ReceiptAt: helpdesk.Posted{TS: "2.000002", Version: 1}, CardAt: helpdesk.Posted{Channel: "CSTAFF", TS: "3.000003", Version: 1},
		}
		normalise(&r)
		if !reflect.DeepEqual(r, want) {
			t.Errorf("got  %+v\nwant %+v", r, want)
		}
		if s, err := tx.Summary(ctx, w.request, summaryKey); err != nil || s != triage.Summary {
			t.Errorf("summary = %q, %v", s, err)
		}
		newer := want.Progress
		newer.Version, newer.ClocksOff = 3, helpdesk.StopChannelLeft
		if stored, err := tx.Project(ctx, w.request, newer); err != nil || !stored {
			t.Errorf("project a newer version: %v, %v", stored, err)
		}
		older := want.Progress
		older.Version = 2
		if stored, err := tx.Project(ctx, w.request, older); err != nil || stored {
			t.Errorf("project an older version: %v, %v", stored, err)
		}
		if r, err = tx.Request(ctx, w.request); err != nil || r.Version != 3 || r.ClocksOff != helpdesk.StopChannelLeft {
			t.Errorf("an older version replaced a newer one: %+v, %v", r.Progress, err)
		}
		if err := tx.DeleteText(ctx, w.request, helpdesk.ScopeDeletion, now); err != nil {
			return err
		}
		if _, err := tx.RequestText(ctx, w.request, w.key); !errors.Is(err, helpdesk.ErrErased) {
			t.Errorf("deleted text: %v, want ErrErased", err)
		}
		return nil
	})
}

// normalise brings times to UTC, as they were written.
func normalise(r *helpdesk.Request) {
	for _, at := range []*time.Time{
		&r.OpenedAt,
	} {
		*at = at.UTC()
	}
}

func TestOneRequestPerMessage(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	err := b.in(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		_, err := tx.OpenRequest(ctx, helpdesk.Request{
			ID: helpdesk.NewRequestID(), Channel: w.channel, OriginTS: "1.000001", Requester: "U1", OpenedAt: now,
		}, []byte("again"), w.key)
		return err
	})
	if !errors.Is(err, postgres.ErrOrigin) {
		t.Fatalf("second request of one message: %v, want ErrOrigin", err)
	}
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		id, number, err := tx.RequestByOrigin(ctx, w.channel, "1.000001")
		if id != w.request || number != 1 {
			t.Errorf("origin leads to %s #%d", id, number)
		}
		if err != nil {
			return err
		}
		n, err := tx.OpenRequest(ctx, helpdesk.Request{
			ID: helpdesk.NewRequestID(), Channel: w.channel, OriginTS: "1.000002", Requester: "U1", OpenedAt: now,
		}, nil, w.key)
		if n != 2 {
			t.Errorf("next number is %d, want 2: a refused one must not use it up", n)
		}
		return err
	})
}

func TestChannelLife(t *testing.T) {
	t.Parallel()
	b := setup(t)
	w := b.tenant(t, "T1", "C1")
	b.must(t, w.id, func(ctx context.Context, tx *postgres.Tx) error {
		if left, err := tx.LeaveChannel(ctx, w.channel, now.Add(-time.Second)); err != nil || left {
			t.Errorf("an event older than the joining left the channel: %v, %v", left, err)
		}
		if left, err := tx.LeaveChannel(ctx, w.channel, now.Add(time.Minute)); err != nil || !left {
			t.Errorf("leave: %v, %v", left, err)
		}
		c, err := tx.JoinChannel(ctx, "C1", now.Add(30*time.Second))
		if err != nil || c.State != helpdesk.ChannelLeft {
			t.Errorf("a joining older than the leaving counts: %+v, %v", c, err)
		}
		c, err = tx.JoinChannel(ctx, "C1", now.Add(2*time.Minute))
		if err != nil || c.ID != w.channel || c.State != helpdesk.ChannelMonitored || !c.ReadFrom.Equal(now.Add(2*time.Minute)) {
			t.Errorf("joined again: %+v, %v", c, err)
		}
		if err := tx.RenumberChannel(ctx, w.channel, "C9"); err != nil {
			return err
		}
		for _, id := range []string{"C1", "C9"} {
			if c, err := tx.ChannelBySlackID(ctx, id); err != nil || c.ID != w.channel || c.SlackID != "C9" {
				t.Errorf("%s leads to %+v, %v", id, c, err)
			}
		}
		if err := tx.SetStaffChannel(ctx, "C9", now); err != nil {
			return err
		}
		if c, err := tx.Channel(ctx, w.channel); err != nil || c.State != helpdesk.ChannelStaff {
			t.Errorf("staff channel: %+v, %v", c, err)
		}
		if err := tx.AllowBot(ctx, w.channel, "B1", true); err != nil {
			return err
		}
		if ok, err := tx.BotAllowed(ctx, w.channel, "B1"); err != nil || !ok {
			t.Errorf("listed bot: %v, %v", ok, err)
		}
		if ok, err := tx.BotAllowed(ctx, w.channel, "B2"); err != nil || ok {
			t.Errorf("unlisted bot: %v, %v", ok, err)
		}
		return nil
	})
}

func TestInbox(t *testing.T) {
	t.Parallel()
	b := setup(t)
	ctx, key := t.Context(), seal.NewKey()
	d := postgres.Delivery{
		ID: helpdesk.NewInboxID(now), DeliveryID: "Ev1", Workspace: helpdesk.NewWorkspaceID(now), Kind: "message",
		Refs: []byte(`{"ts": "1.000001"}`), ReceivedAt: now,
	}
	d.Seal([]byte("text"), key)
	for i, want := range []bool{true, false} {
		if stored, err := b.store.PutDelivery(ctx, d); err != nil || stored != want {
			t.Fatalf("delivery %d: stored %v, %v", i, stored, err)
		}
	}
	claimed, err := b.store.ClaimDeliveries(ctx, now, time.Minute, helpdesk.WorkspaceID{}, 10)
	if err != nil || len(claimed) != 1 || claimed[0].ID != d.ID || claimed[0].Attempts != 1 {
		t.Fatalf("claimed %+v, %v", claimed, err)
	}
	if text, err := claimed[0].Open(key); err != nil || string(text) != "text" {
		t.Errorf("text = %q, %v", text, err)
	}
	if again, err := b.store.ClaimDeliveries(ctx, now.Add(59*time.Second), time.Minute, helpdesk.WorkspaceID{}, 10); err != nil || len(again) != 0 {
		t.Errorf("claimed during the lease: %+v, %v", again, err)
	}
	if again, err := b.store.ClaimDeliveries(ctx, now.Add(time.Minute), time.Minute, helpdesk.WorkspaceID{}, 10); err != nil || len(again) != 1 {
		t.Errorf("not claimed after the lease: %+v, %v", again, err)
	}
	if err := b.store.FinishDelivery(ctx, d.ID, "opened", now); err != nil {
		t.Fatal(err)
	}
	if backlog, err := b.store.Backlog(ctx, now); err != nil || backlog.Waiting != 0 {
		t.Errorf("backlog %+v, %v", backlog, err)
	}
	if stored, err := b.store.PutDelivery(ctx, d); err != nil || stored {
		t.Errorf("a finished delivery was stored again: %v, %v", stored, err)
	}
	if ids, err := b.store.ForgetDeliveries(ctx, now.Add(time.Second), 10); err != nil || len(ids) != 1 {
		t.Errorf("forgot %v, %v", ids, err)
	}
}

// However many deliveries one workspace has waiting, and however long, the first one of another goes before its second.
func TestWorkspacesTakeTurns(t *testing.T) {
	t.Parallel()
	b := setup(t)
	busy, quiet, other := helpdesk.NewWorkspaceID(now), helpdesk.NewWorkspaceID(now), helpdesk.NewWorkspaceID(now)
	put := func(n int, w helpdesk.WorkspaceID, at time.Time) helpdesk.InboxID {
		d := postgres.Delivery{ID: helpdesk.NewInboxID(at), DeliveryID: fmt.Sprintf("Ev%d", n), Workspace: w, Kind: "message", Refs: []byte(`{}`), ReceivedAt: at}
		if stored, err := b.store.PutDelivery(t.Context(), d); err != nil || !stored {
			t.Fatalf("delivery %d: %v, %v", n, stored, err)
		}
		return d.ID
	}
	var backlog []helpdesk.InboxID
	for n := range 300 {
		backlog = append(backlog, put(n, busy, now.Add(time.Duration(n)*time.Second)))
	}
	late := now.Add(time.Hour)
	first := []helpdesk.InboxID{backlog[0], put(1000, quiet, late), put(1001, other, late)}
	second := put(1003, quiet, late.Add(time.Second))
	var served helpdesk.WorkspaceID
	claim := func(n int) (ids []helpdesk.InboxID) {
		claimed, err := b.store.ClaimDeliveries(t.Context(), late.Add(time.Minute), time.Hour, served, n)
		if err != nil {
			t.Fatal(err)
		}
		for _, d := range claimed {
			ids, served = append(ids, d.ID), d.Workspace
		}
		return ids
	}
	got := claim(len(first))
	for _, id := range first {
		if !slices.Contains(got, id) {
			t.Errorf("%s has to wait; claimed %v", id, got)
		}
	}
	if got := claim(2); !slices.Contains(got, second) || !slices.Contains(got, backlog[1]) {
		t.Errorf("claimed %v, then", got)
	}
	for n, w := range []helpdesk.WorkspaceID{other, quiet, other} { // one at a time, too
		put(1010+n, w, late.Add(2*time.Second))
	}
	turns := make(map[helpdesk.WorkspaceID]int)
	for range 5 {
		if got := claim(1); len(got) != 1 {
			t.Fatalf("claimed %v", got)
		}
		turns[served]++
	}
	if turns[busy] != 2 || turns[quiet] != 1 || turns[other] != 2 {
		t.Errorf("one after the other: %d for the busy one, %d for the quiet one, %d for the other", turns[busy], turns[quiet], turns[other])
	}
	if got := claim(1000); len(got) != len(backlog)-4 {
		t.Errorf("%d are left, want %d", len(got), len(backlog)-4)
	}
}

func TestOAuthStateWorksOnce(t *testing.T) {
	t.Parallel()
	b := setup(t)
	if err := b.store.PutOAuthState(t.Context(), [32]byte{1}, now, now.Add(10*time.Minute)); err != nil {
		t.Fatal(err)
	}
	if err := b.store.TakeOAuthState(t.Context(), [32]byte{1}, now.Add(11*time.Minute)); !errors.Is(err, helpdesk.ErrNotFound) {
		t.Errorf("expired: %v", err)
	}
	if err := b.store.TakeOAuthState(t.Context(), [32]byte{1}, now); err != nil {
		t.Errorf("first use: %v", err)
	}
	if err := b.store.TakeOAuthState(t.Context(), [32]byte{1}, now); !errors.Is(err, helpdesk.ErrNotFound) {
		t.Errorf("second use: %v", err)
	}
}
