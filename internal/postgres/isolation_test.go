package postgres_test

import (
	"context"
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
	"github.com/echo-synch/echo-synch/internal/seal"
)

// possession is a workspace that has one of everything. Whatever of it is text contains its name. A name without rows is
// what a caller holds who guesses.
type possession struct {
	name        string
	workspace   helpdesk.WorkspaceID
	key         seal.Key
	channel     helpdesk.ChannelID
	request     helpdesk.RequestID // its ids are in order: this one is before more
	more        helpdesk.RequestID
	delivery    helpdesk.InboxID
	erasure     helpdesk.ErasureID
	certificate helpdesk.CertificateID
	data        helpdesk.DataRequestID
	entry       helpdesk.EntryID
	number      int64 // of request
}

// erasureOf is the erasure of a person that the workspace has under way.
func (p possession) erasureOf(person string) helpdesk.DataRequest {
	return helpdesk.DataRequest{
		ID: p.data, Kind: helpdesk.PersonErasure, Person: person, Pseudonym: "erased-0123456789abcdef", AskedAt: now, DueAt: now,
	}
}

func guess(name string, n byte) possession {
	p := possession{
		name: name, workspace: helpdesk.NewWorkspaceID(now), key: seal.NewKey(), channel: helpdesk.NewChannelID(now),
		request: helpdesk.NewRequestID(), more: helpdesk.NewRequestID(), delivery: helpdesk.NewInboxID(now),
		erasure: helpdesk.ErasureID(helpdesk.NewRequestID()), certificate: helpdesk.NewCertificateID(), number: 100 + int64(n),
		data: helpdesk.NewDataRequestID(now), entry: helpdesk.NewEntryID(),
	}
	p.request[0], p.more[0] = n, n+1 // what lies after a foreign request is all of mine, or nothing
	return p
}

// isolation is a database with two workspaces, in one transaction of the administrator's that is never committed.
type isolation struct {
	admin                         pgx.Tx
	tables                        []string // of tenants, then of the system
	snapshot                      string   // the statement that reads every row of them
	mine, theirs, nobody, missing possession
	rows                          map[string]bool // the state of the database
	theirIDs                      []string        // in any row of theirs
}

func isolate(t *testing.T) *isolation {
	t.Helper()
	b := setup(t)
	i := &isolation{mine: guess("MINE", 0xe0), theirs: guess("THEIRS", 0x10), nobody: guess("NOBODY", 0x30), missing: guess("MISSING", 0x20)}
	for _, p := range []*possession{&i.mine, &i.theirs} {
		b.fill(t, p)
	}
	conn, err := pgx.Connect(t.Context(), b.admin.Reveal())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close(context.WithoutCancel(t.Context())) })
	if i.admin, err = conn.Begin(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, p := range []possession{i.mine, i.theirs} {
		for _, sql := range []string{
			`insert into system.purge (workspace_id, number, cause, certificate_id, uninstalled_at, grace_until, touched_at, token_at)
			 select workspace_id, 1, 'ordered', certificate_id, now(), now() + interval '99 years', now(), now() from tenant.workspace where workspace_id = $1`,
			`update tenant.erasure set erasure_id = $2 where workspace_id = $1`,
			`update tenant.request set number = case request_id when $2 then $3 else $3 - 50 end where workspace_id = $1`,
		} {
			args := map[int][]any{1: {p.workspace}, 2: {p.workspace, p.erasure}, 3: {p.workspace, p.request, p.number}}
			i.exec(t, sql, args[strings.Count(sql, "$")-strings.Count(sql, "$3 - ")]...)
		}
	}
	i.look(t)
	return i
}

// look notes which tables there are, and what is in them.
func (i *isolation) look(t *testing.T) {
	t.Helper()
	rows, err := i.admin.Query(t.Context(), `
		select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid = c.relnamespace
		where n.nspname in ('tenant', 'system') and c.relkind in ('r', 'p') order by nspname desc, relname`)
	if err == nil {
		i.tables, err = pgx.CollectRows(rows, pgx.RowTo[string])
	}
	if err != nil || len(i.tables) < 12 {
		t.Fatalf("tables: %v, %v", i.tables, err)
	}
	var parts []string
	for _, table := range i.tables {
		parts = append(parts, fmt.Sprintf(`select '%[1]s ' || to_jsonb(t)::text from %[1]s t`, table))
	}
	i.snapshot = strings.Join(parts, " union all ")
	i.rows = i.read(t)
	for row := range i.rows {
		if strings.Contains(row, i.theirs.workspace.String()) {
			i.theirIDs = append(i.theirIDs, ids.FindAllString(row, -1)...)
		}
	}
}

// fill gives a workspace one of everything.
func (b *bundle) fill(t *testing.T, p *possession) {
	t.Helper()
	b.must(t, p.workspace, func(ctx context.Context, tx *postgres.Tx) error {
		err := tx.Install(ctx, helpdesk.Workspace{
			Team: "T" + p.name, AppID: "A" + p.name, BotUser: "UBOT" + p.name, Installer: "U" + p.name, Scopes: []string{p.name}, AuthorizedAt: now,
			Settings: helpdesk.DefaultSettings("UTC"),
		}, []byte(p.name), p.key)
		if err != nil {
			return err
		}
		if _, err := tx.Point(ctx, "T"+p.name, now); err != nil {
			return err
		}
		c, err := tx.JoinChannel(ctx, "C"+p.name, now)
		if err != nil {
			return err
		}
		p.channel = c.ID
		for n, id := range []helpdesk.RequestID{p.request, p.more} {
			if _, err := tx.OpenRequest(ctx, helpdesk.Request{
				ID: id, Channel: c.ID, OriginTS: fmt.Sprintf("%d.000001", n+1), Requester: "U" + p.name, OpenedAt: now,
			}, []byte(p.name), p.key); err != nil {
				return err
			}
		}
		for _, do := range []func() error{
			func() error { return tx.AllowBot(ctx, c.ID, "B"+p.name, true) },
			func() error {
				return tx.SetBYOM(ctx, helpdesk.BYOM{Project: p.name, Location: "eu", Model: p.name}, []byte(p.name), p.key, now)
			},
			func() error { return tx.Spend(ctx, now, false, helpdesk.Tokens{Input: 1, Output: 1}) },
			func() error { return tx.SaveSummary(ctx, p.request, p.name, p.key) },
			func() error { return tx.PutExample(ctx, p.request, p.name, p.key) },
			func() error { return tx.SaveSketch(ctx, p.request, []byte(p.name), p.key) },
			func() error { return tx.RecordLink(ctx, p.request, p.name) },
			func() error {
				return tx.PutSLAEvent(ctx, p.request, helpdesk.SLAEvent{Clock: helpdesk.FirstResponse, Kind: helpdesk.Breach, Due: now, Outcome: helpdesk.NoticeSent})
			},
			func() error {
				return tx.PutNotice(ctx, p.request, helpdesk.FirstResponse, helpdesk.Breach, helpdesk.Notice{Recipient: "U" + p.name, State: helpdesk.NoticeDelivered})
			},
			func() error {
				_, _, err := tx.BeginDataRequest(ctx, p.erasureOf("U"+p.name))
				return err
			},
			func() error {
				return tx.PutExportLink(ctx, sha256.Sum256([]byte(p.name)), p.data, now.Add(time.Hour))
			},
			func() error {
				e := helpdesk.Entry{ID: p.entry, Key: "K" + p.name, Active: true, Content: helpdesk.Content{Question: p.name}}
				return tx.PutEntries(ctx, []postgres.IndexedEntry{{Entry: e, Stems: []string{"x"}}}, p.key)
			},
			func() error { return tx.RecordOffer(ctx, p.request, helpdesk.Offer{Entry: p.entry, TS: p.name}) },
			func() error { return tx.OfferAnswers(ctx, c.ID, true) },
			func() error { return tx.Block(ctx, "method."+p.name, now.Add(24*time.Hour)) },
			func() error { return tx.DeleteText(ctx, p.more, helpdesk.ScopeDeletion, now) },
			func() error {
				return tx.Audit(ctx, helpdesk.AuditEntry{At: now, Actor: p.name, Action: helpdesk.AuditRole, Object: p.name})
			},
			func() error {
				return tx.AddRuns(ctx, []postgres.Run{{WorkflowID: "request/" + p.request.String(), RunID: "run"}})
			},
			func() error {
				return tx.PutCertificate(ctx, postgres.Certificate{ID: p.certificate, Number: 1, Hash: p.name, Document: []byte(p.name), IssuedAt: now})
			},
			func() error {
				return tx.PutCertificate(ctx, postgres.Certificate{ID: helpdesk.NewCertificateID(), Number: 2, Hash: p.name, Document: []byte(p.name), IssuedAt: now})
			},
			func() error {
				if _, err := tx.Bury(ctx, c.ID, "3.000001", now); err != nil && !isNotFound(err) {
					return err
				}
				return nil
			},
		} {
			if err := do(); err != nil {
				return err
			}
		}
		return nil
	})
	d := postgres.Delivery{ID: p.delivery, DeliveryID: "Ev" + p.name, Workspace: p.workspace, Kind: "message", Refs: []byte(`{"user": "U` + p.name + `"}`), ReceivedAt: now}
	d.Seal([]byte(p.name), p.key)
	if _, err := b.store.PutDelivery(t.Context(), d); err != nil {
		t.Fatal(err)
	}
}

func (i *isolation) exec(t *testing.T, sql string, args ...any) {
	t.Helper()
	if _, err := i.admin.Exec(t.Context(), sql, args...); err != nil {
		t.Fatalf("%s: %v", sql, err)
	}
}

// read is every row of every table.
func (i *isolation) read(t *testing.T) map[string]bool {
	t.Helper()
	rows, err := i.admin.Query(t.Context(), i.snapshot)
	if err != nil {
		t.Fatal(err)
	}
	all, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		t.Fatal(err)
	}
	set := make(map[string]bool)
	for _, row := range all {
		set[row] = true
	}
	return set
}

// enter becomes the application in a workspace; what f does is taken back. f may fail in the database.
func (i *isolation) enter(t *testing.T, ws helpdesk.WorkspaceID, f func()) {
	t.Helper()
	i.exec(t, `savepoint entered`)
	i.exec(t, `set local role app`)
	i.exec(t, `select set_config('app.workspace_id', $1, true)`, ws.String())
	f()
	i.exec(t, `rollback to savepoint entered`)
}

// leave becomes the administrator again, in the same transaction; false where it has failed.
func (i *isolation) leave(t *testing.T) bool {
	t.Helper()
	if i.admin.Conn().PgConn().TxStatus() == 'E' {
		return false
	}
	i.exec(t, `reset role`)
	return true
}

// seen is what a call showed and changed: rows that are there after it carry +, those that are gone -.
type seen struct {
	shown   []string
	changed []string
}

// call calls a method in a workspace.
func (i *isolation) call(t *testing.T, ws helpdesk.WorkspaceID, method reflect.Method, args []reflect.Value, before string) (s seen) {
	t.Helper()
	i.exec(t, `savepoint called`)
	defer i.exec(t, `rollback to savepoint called`)
	rows := i.rows
	if before != "" {
		i.exec(t, before)
		rows = i.read(t)
	}
	i.enter(t, ws, func() {
		in := []reflect.Value{reflect.ValueOf(postgres.Bind(i.admin, ws)), reflect.ValueOf(t.Context())}
		for _, a := range args {
			if a.Kind() == reflect.Func { // whoever is called back sees something, too
				a = reflect.MakeFunc(a.Type(), func(got []reflect.Value) []reflect.Value {
					s.shown = append(s.shown, show(got)...)
					return []reflect.Value{reflect.Zero(a.Type().Out(0))}
				})
			}
			in = append(in, a)
		}
		call := method.Func.Call
		if method.Type.IsVariadic() {
			call = method.Func.CallSlice
		}
		s.shown = append(s.shown, show(call(in))...)
		if !i.leave(t) {
			return
		}
		after := i.read(t)
		for row := range rows {
			if !after[row] {
				s.changed = append(s.changed, "-"+row)
			}
		}
		for row := range after {
			if !rows[row] {
				s.changed = append(s.changed, "+"+row)
			}
		}
	})
	return s
}

// show writes values down, with the ids in them.
func show(values []reflect.Value) (out []string) {
	for _, v := range values {
		if err, ok := v.Interface().(error); ok {
			out = append(out, "error: "+err.Error())
			continue
		}
		raw, err := json.Marshal(v.Interface())
		if err != nil {
			raw = []byte(err.Error())
		}
		out = append(out, fmt.Sprintf("%s %+v", raw, v.Interface()))
	}
	return out
}

var (
	ids    = regexp.MustCompile(`[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}`)
	sealed = regexp.MustCompile(`\\x[0-9a-f]{40,}|'[0-9a-f]{20}'`) // or hashed
)

// alike brings two calls that differ in nothing but what was asked for to the same words: what stands in the arguments,
// the workspace, what is new and what is sealed get a name.
func (s seen) alike(ws helpdesk.WorkspaceID, args []reflect.Value, texts ...string) string {
	asked := ids.FindAllString(strings.Join(show(args), " "), -1)
	plain := func(lines []string) []string {
		out := make([]string, len(lines))
		for n, line := range lines {
			line = sealed.ReplaceAllString(line, "<sealed>")
			line = ids.ReplaceAllStringFunc(line, func(id string) string {
				switch {
				case id == ws.String():
					return "<workspace>"
				case slices.Contains(asked, id):
					return "<asked>"
				}
				return "<new>"
			})
			for _, text := range texts {
				line = strings.ReplaceAll(line, text, "<asked>")
			}
			out[n] = line
		}
		return out
	}
	changed := plain(s.changed)
	slices.Sort(changed)
	return strings.Join(plain(s.shown), "\n") + "\n" + strings.Join(changed, "\n")
}
