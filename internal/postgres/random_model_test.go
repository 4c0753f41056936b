package postgres_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
	"github.com/echo-synch/echo-synch/internal/postgres"
)

// model is what a workspace must hold.
type model struct {
	requests map[helpdesk.RequestID]request
	agents   map[string]helpdesk.Role
	audit    int
}

type request struct {
	number  int64
	version int64
	status  helpdesk.Status
	text    string // "" once it is scrubbed
	summary string
}

func (m model) clone() model {
	m.requests, m.agents = maps.Clone(m.requests), maps.Clone(m.agents)
	return m
}

// compare reads every row that the policies show and compares it with the model.
func (m model) compare(ctx context.Context, tx *postgres.Tx) error {
	var want []string
	for id, r := range m.requests {
		want = append(want, fmt.Sprintf("request %s #%d %d %s text %t", id, r.number, r.version, r.status, r.text != ""))
	}
	for user, role := range m.agents {
		want = append(want, fmt.Sprintf("agent %s %s", user, role))
	}
	for range m.audit {
		want = append(want, "audit")
	}
	rows, err := postgres.Unbound(tx).Query(ctx, `
		select concat('request ', request_id, ' #', number, ' ', version, ' ', status, ' text ',
		  case when exists (select from tenant.request_text t where t.request_id = r.request_id) then 'true' else 'false' end) from tenant.request r
		union all select concat('agent ', slack_user, ' ', role) from tenant.agent
		union all select 'audit' from tenant.audit`)
	if err != nil {
		return fmt.Errorf("read all: %w", err)
	}
	got, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return fmt.Errorf("read all: %w", err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if !slices.Equal(got, want) {
		return fmt.Errorf("there is\n%s\nand should be\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
	return nil
}

// operations do one thing, to the database and to the model, and compare what they read. An error of theirs is wrong,
// whatever becomes of the transaction.
var operations = []struct {
	name string
	do   func(*actor, context.Context, *postgres.Tx, *model) error
}{
	{"open", func(a *actor, ctx context.Context, tx *postgres.Tx, m *model) error {
		a.clock++
		id, text := helpdesk.NewRequestID(), fmt.Sprintf("text %d of %s", a.clock, a.name)
		number, err := tx.OpenRequest(ctx, helpdesk.Request{
			ID: id, Channel: a.channel, OriginTS: fmt.Sprintf("%d.000001", a.clock), Requester: "U1", OpenedAt: now,
		}, []byte(text), a.key)
		if err != nil {
			return err
		}
		if want := int64(len(m.requests)) + 1; number != want {
			return fmt.Errorf("number %d, want %d", number, want)
		}
		m.requests[id] = request{number: number, status: helpdesk.New, text: text}
		a.mu.Lock()
		defer a.mu.Unlock()
		a.seen = append(a.seen, foreign{a.workspace, a.channel, id, a.key})
		return nil
	}},
	{"read", own(func(a *actor, ctx context.Context, tx *postgres.Tx, id helpdesk.RequestID, r *request) error {
		text, err := tx.RequestText(ctx, id, a.key)
		if string(text) != r.text || errors.Is(err, helpdesk.ErrErased) != (r.text == "") || err != nil && r.text != "" {
			return fmt.Errorf("text %q, want %q: %w", text, r.text, err)
		}
		summary, err := tx.Summary(ctx, id, a.key)
		if summary != r.summary || err != nil {
			return fmt.Errorf("summary %q, want %q: %w", summary, r.summary, err)
		}
		found, err := tx.RequestByNumber(ctx, r.number)
		if err != nil || found.ID != id || found.Version != r.version || found.Status != r.status {
			return fmt.Errorf("#%d is %+v, want %+v: %w", r.number, found, *r, err)
		}
		return nil
	})},
	{"project", own(func(_ *actor, ctx context.Context, tx *postgres.Tx, id helpdesk.RequestID, r *request) error {
		r.version, r.status = r.version+1, helpdesk.InProgress
		done, err := tx.Project(ctx, id, helpdesk.Progress{Version: r.version, Status: r.status, Label: "x", Priority: helpdesk.Low, TriagedBy: helpdesk.ByLexical})
		return certain(done, err)
	})},
	{"summarise", own(func(a *actor, ctx context.Context, tx *postgres.Tx, id helpdesk.RequestID, r *request) error {
		r.summary = fmt.Sprintf("summary %d of %s", a.dice.Int(), a.name)
		return tx.SaveSummary(ctx, id, r.summary, a.key)
	})},
	{"edit", own(func(a *actor, ctx context.Context, tx *postgres.Tx, id helpdesk.RequestID, r *request) error {
		a.clock++
		text := fmt.Sprintf("edit %d of %s", a.clock, a.name)
		done, err := tx.ReplaceText(ctx, id, fmt.Sprintf("%d.000001", a.clock), []byte(text), a.key)
		if err == nil && done != (r.text != "") {
			return fmt.Errorf("done %v, and the text was %q", done, r.text)
		}
		if done {
			r.text = text
		}
		return err
	})},
	{"scrub", own(func(_ *actor, ctx context.Context, tx *postgres.Tx, id helpdesk.RequestID, r *request) error {
		r.text = ""
		return tx.Scrub(ctx, now, id)
	})},
	{"agent", func(a *actor, ctx context.Context, tx *postgres.Tx, m *model) error {
		user := fmt.Sprintf("U%d", a.dice.IntN(4)) // the same people everywhere
		if role, err := tx.Role(ctx, user); err != nil || role != m.agents[user] {
			return fmt.Errorf("role %q, want %q: %w", role, m.agents[user], err)
		}
		if m.agents[user] != "" {
			delete(m.agents, user)
			return tx.RemoveAgent(ctx, user)
		}
		m.agents[user] = helpdesk.RoleAgent
		return tx.PutAgent(ctx, user, helpdesk.RoleAgent, now)
	}},
	{"audit", func(a *actor, ctx context.Context, tx *postgres.Tx, m *model) error {
		m.audit++
		if err := tx.Audit(ctx, helpdesk.AuditEntry{At: now, Actor: a.name, Action: helpdesk.AuditRole}); err != nil {
			return err
		}
		n := 0
		err := tx.AuditLog(ctx, func(e helpdesk.AuditEntry) error {
			if n++; e.Actor != a.name {
				return fmt.Errorf("an entry of %s", e.Actor)
			}
			return nil
		})
		if err == nil && n != m.audit {
			return fmt.Errorf("%d entries, want %d", n, m.audit)
		}
		return err
	}},
	{"foreign", func(a *actor, ctx context.Context, tx *postgres.Tx, _ *model) error {
		a.mu.Lock()
		if len(a.seen) == 0 {
			a.mu.Unlock()
			return nil
		}
		f := a.seen[a.dice.IntN(len(a.seen))]
		a.mu.Unlock()
		if f.workspace == a.workspace {
			return nil
		}
		_, request := tx.Request(ctx, f.request)
		_, text := tx.RequestText(ctx, f.request, f.key)
		_, channel := tx.Channel(ctx, f.channel)
		projected, err := tx.Project(ctx, f.request, helpdesk.Progress{Version: 1 << 40, Status: helpdesk.Closed, Label: "x", Priority: helpdesk.Low})
		scrubbed := tx.Scrub(ctx, now, f.request)
		if !isNotFound(request) || !isNotFound(channel) || !errors.Is(text, helpdesk.ErrErased) || projected || err != nil || scrubbed != nil {
			return fmt.Errorf("of another workspace: request %w, channel %w, text %w, projected %v, %w, scrubbed %w", request, channel, text, projected, err, scrubbed)
		}
		return nil
	}},
	{"compare", func(_ *actor, ctx context.Context, tx *postgres.Tx, m *model) error { return m.compare(ctx, tx) }},
}

// own does something with a request of the workspace's own, where it has one.
func own(do func(*actor, context.Context, *postgres.Tx, helpdesk.RequestID, *request) error) func(*actor, context.Context, *postgres.Tx, *model) error {
	return func(a *actor, ctx context.Context, tx *postgres.Tx, m *model) error {
		if len(m.requests) == 0 {
			return nil
		}
		number := 1 + a.dice.Int64N(int64(len(m.requests))) // not by the order of a map, which is another one each time
		for id, r := range m.requests {
			if r.number == number {
				err := do(a, ctx, tx, id, &r)
				m.requests[id] = r
				return err
			}
		}
		return fmt.Errorf("the model has no #%d", number)
	}
}

func certain(done bool, err error) error {
	if err == nil && !done {
		return errors.New("nothing was done")
	}
	return err
}
