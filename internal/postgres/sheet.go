package postgres

import (
	"context"
	"fmt"
	"slices"

	"github.com/jackc/pgx/v5"

	"github.com/echo-synch/echo-synch/internal/helpdesk"
)

// Sheet is one table of an export. Texts and summaries are none: they are sealed, and opened one by one.
type Sheet struct {
	Name, About string
	sql         string // gives the columns, and first, as "page", what the next page begins after
}

// Sheets are those of a whole workspace.
func Sheets() []Sheet { return slices.Clone(workspaceSheets) }

// PersonSheets are those of one person.
func PersonSheets() []Sheet { return slices.Clone(personSheets) }

// What the last page ended with, in the statements.
const (
	afterNumber = `coalesce(nullif(split_part(@after, '/', 1), '')::bigint, 0)`
	afterID     = `coalesce(nullif(@after, '')::uuid, '00000000-0000-0000-0000-000000000000')`
)

// Every statement gives a page of at most @limit rows after @after, in the order of page.
var workspaceSheets = []Sheet{
	{"sla_events", "levels that clocks have reached: what was due, what was sent, to how many", `
		select concat_ws('/', r.number, e.clock, e.kind) as page, r.number, e.clock, e.kind, e.due, e.sent, e.recipients, e.outcome
		from tenant.request r join tenant.sla_event e on e.workspace_id = @workspace and e.request_id = r.request_id
		where r.workspace_id = @workspace and r.number >= ` + afterNumber + `
		  and (r.number, e.clock, e.kind) > (` + afterNumber + `, split_part(@after, '/', 2), split_part(@after, '/', 3))
		order by r.number, e.clock, e.kind limit @limit`},
	{"notices", "messages about those levels: to whom, and what became of each", `
		select concat_ws('/', r.number, n.clock, n.kind, n.recipient) as page, r.number, n.clock, n.kind, n.recipient, n.state, n.repeated,
		       n.channel, n.ts
		from tenant.request r join tenant.notice n on n.workspace_id = @workspace and n.request_id = r.request_id
		where r.workspace_id = @workspace and r.number >= ` + afterNumber + ` and (r.number, n.clock, n.kind, n.recipient)
		  > (` + afterNumber + `, split_part(@after, '/', 2), split_part(@after, '/', 3), split_part(@after, '/', 4))
		order by r.number, n.clock, n.kind, n.recipient limit @limit`},
	{"answers", "what of the knowledge base was offered on which request, and what was said of it", `
		select r.number::text as page, r.number, e.key as entry, o.confidence, o.ts, o.state
		from tenant.request r
		join tenant.kb_offer o on o.workspace_id = @workspace and o.request_id = r.request_id
		join tenant.kb_entry e on e.workspace_id = @workspace and e.entry_id = o.entry_id
		where r.workspace_id = @workspace and r.number > ` + afterNumber + `
		order by r.number limit @limit`},
	{"roles", "who is an agent or an admin", `
		select slack_user as page, slack_user as user, role, added_at from tenant.agent
		where workspace_id = @workspace and slack_user > @after order by slack_user limit @limit`},
	{"channels", "channels that are or were read", `
		select channel_id::text as page, slack_channel as channel, state, since, read_from, external, allow_external, allowed_bots, offer_answers
		from tenant.channel where workspace_id = @workspace and channel_id > ` + afterID + `
		order by channel_id limit @limit`},
	{"settings", "what an admin can change; durations in nanoseconds", `
		select workspace_id::text as page, team, installer, installed_at, authorized_at, scopes, staff_channel, settings_version, settings
		from tenant.workspace where workspace_id = @workspace and @after = '' limit @limit`},
	{"erasures", "what was erased of texts and summaries, and when it was certified", `
		select erasure_id::text as page, scope, day::text as day, texts, summaries, started_at, ended_at, certified_at
		from tenant.erasure where workspace_id = @workspace and erasure_id > ` + afterID + `
		order by erasure_id limit @limit`},
	{"certificates", "signed proofs of erasures, each document to the byte as it is published: save it to verify it", `
		select number::text as page, number, certificate_id::text as certificate, issued_at, convert_from(document, 'UTF8') as document
		from system.certificate where workspace_id = @workspace and number > ` + afterNumber + `
		order by number limit @limit`},
	{"data_requests", "who asked for a copy or an erasure of a person's data, and when that was answered", `
		select data_request_id::text as page, kind, law, person, asked_by, asked_at, due_at, done_at, outcome
		from tenant.data_request where workspace_id = @workspace and data_request_id > ` + afterID + `
		order by data_request_id limit @limit`},
	{"audit", "who changed what", `
		select audit_id::text as page, at, actor, action, object, before, after from tenant.audit
		where workspace_id = @workspace and audit_id > ` + afterID + `
		order by audit_id limit @limit`},
}

var personSheets = []Sheet{
	{"assignments", "requests of others that are or were theirs to answer, and when they first replied", `
		select r.number::text as page, r.number, r.opened_at, r.status, r.assignee = @person as assigned,
		       case when r.agent_by = @person then r.agent_at end as first_replied_at
		from tenant.request r where r.workspace_id = @workspace and (r.assignee = @person or r.agent_by = @person)
		  and r.number > ` + afterNumber + ` order by r.number limit @limit`},
	{"notices", "messages that were sent to them about clocks", `
		select concat_ws('/', r.number, n.clock, n.kind) as page, r.number, n.clock, n.kind, e.due, e.sent, n.state, n.repeated, n.channel, n.ts
		from tenant.request r join tenant.notice n on n.workspace_id = @workspace and n.request_id = r.request_id
		join tenant.sla_event e on e.workspace_id = @workspace and e.request_id = n.request_id and e.clock = n.clock and e.kind = n.kind
		where r.workspace_id = @workspace and n.recipient = @person and r.number >= ` + afterNumber + `
		  and (r.number, n.clock, n.kind) > (` + afterNumber + `, split_part(@after, '/', 2), split_part(@after, '/', 3))
		order by r.number, n.clock, n.kind limit @limit`},
	{"roles", "their roles, whether they authorised the app last, and which labels' requests they get", `
		select role as page, role, since from (
		  select role, added_at as since from tenant.agent where workspace_id = @workspace and slack_user = @person
		  union all select 'installer', authorized_at from tenant.workspace where workspace_id = @workspace and installer = @person
		  union all select 'agent of label ' || (l->>'key'), null from tenant.workspace, jsonb_array_elements(settings->'labels') l
		    where workspace_id = @workspace and l->>'agent' = @person) r
		where @after = '' order by role limit @limit`},
	{"audit", "what they changed, and what others changed about them", `
		select audit_id::text as page, at, actor, action, object, before, after from tenant.audit
		where workspace_id = @workspace and (actor = 'slack:' || @person or object = @person)
		  and audit_id > ` + afterID + ` order by audit_id limit @limit`},
	{"data_requests", "what was asked for about them, this export included", `
		select data_request_id::text as page, kind, law, asked_by, asked_at, due_at, done_at, outcome
		from tenant.data_request where workspace_id = @workspace and person = @person
		  and data_request_id > ` + afterID + `
		order by data_request_id limit @limit`},
	{"deliveries", "what Slack has delivered of theirs and is not worked on yet: buttons, replies, messages", `
		select inbox_id::text as page, kind, received_at, refs->>'channel' as channel, refs->>'ts' as ts, refs->'press'->>'action' as pressed
		from system.inbox where workspace_id = @workspace and refs->>'user' = @person
		  and inbox_id > ` + afterID + ` order by inbox_id limit @limit`},
}

// Page is some rows of a sheet.
type Page struct {
	Columns []string
	Rows    [][]any // ids as text, times, numbers, JSON as decoded
	After   string  // what the next page begins after; "" behind the last one
}

// SheetPage reads the rows of a sheet after a page, "" for the first one; person matters to the sheets of one.
func (tx *Tx) SheetPage(ctx context.Context, s Sheet, person, after string, limit int) (p Page, err error) {
	rows, err := tx.tx.Query(ctx, s.sql, tx.args(helpdesk.DataRequest{Person: person}, pgx.NamedArgs{"after": after, "limit": limit}))
	if err != nil {
		return p, fmt.Errorf("read sheet %s of workspace %s: %w", s.Name, tx.workspace, err)
	}
	defer rows.Close()
	for n, f := range rows.FieldDescriptions() {
		if n > 0 {
			p.Columns = append(p.Columns, f.Name)
		}
	}
	for rows.Next() {
		values, err := rows.Values()
		if err != nil {
			return p, fmt.Errorf("read sheet %s of workspace %s: %w", s.Name, tx.workspace, err)
		}
		p.After, _ = values[0].(string)
		p.Rows = append(p.Rows, values[1:])
	}
	if err := rows.Err(); err != nil {
		return p, fmt.Errorf("read sheet %s of workspace %s: %w", s.Name, tx.workspace, err)
	}
	return p, nil
}

// RequestPage lists the requests after a number, of one requester where one is given, by number, at most limit.
func (tx *Tx) RequestPage(ctx context.Context, requester string, after int64, limit int) ([]helpdesk.RequestID, error) {
	rows, err := tx.tx.Query(ctx, `
		select request_id from tenant.request
		where workspace_id = $1 and number > $2 and ($3 = '' or requester = $3) order by number limit $4`, tx.workspace, after, requester, limit)
	if err != nil {
		return nil, fmt.Errorf("list requests of workspace %s: %w", tx.workspace, err)
	}
	ids, err := pgx.CollectRows(rows, pgx.RowTo[helpdesk.RequestID])
	if err != nil {
		return nil, fmt.Errorf("list requests of workspace %s: %w", tx.workspace, err)
	}
	return ids, nil
}
