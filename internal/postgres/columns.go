package postgres

import "slices"

// Column is one that could hold the Slack id of a person, and what is done with it: which sheet of a person's export shows
// it, and how their erasure empties it. The catalog test fails where a column with words in it stands in no list here.
type Column struct {
	Table, Column string
	Sheet         string // of the export
	where         string // it holds the id: @person, of @workspace
	erase         string // puts @pseudonym in its place; "" where a step of its own does it
	size          bool   // where erase counts as ids replaced
}

// Columns lists every column that holds the id of a person. What a census counts, and an export shows, is what stands here.
func Columns() []Column { return slices.Clone(personColumns) }

var personColumns = []Column{
	{Table: "tenant.workspace", Column: "installer", Sheet: "roles", size: true,
		where: `installer = @person`,
		erase: `update tenant.workspace set installer = @pseudonym where workspace_id = @workspace and installer = @person`},
	{Table: "tenant.workspace", Column: "settings", Sheet: "roles", where: routesTo, erase: unroute}, // the agent of a label
	{Table: "tenant.agent", Column: "slack_user", Sheet: "roles",
		where: `slack_user = @person`},
	{Table: "tenant.request", Column: "requester", Sheet: "requests",
		where: `requester = @person`},
	// Of requests that live, the assignee is their workflow's to change.
	{Table: "tenant.request", Column: "assignee", Sheet: "assignments", size: true,
		where: `assignee = @person`,
		erase: `update tenant.request set assignee = @pseudonym
			where workspace_id = @workspace and assignee = @person and status in ('closed', 'withdrawn')`},
	// A request that lives could be given to whoever has answered it: nobody, here.
	{Table: "tenant.request", Column: "agent_by", Sheet: "assignments", size: true,
		where: `agent_by = @person`,
		erase: `update tenant.request set agent_by = case when status in ('closed', 'withdrawn') then @pseudonym else '' end
			where workspace_id = @workspace and agent_by = @person`},
	// A direct message stands in a channel that is the person's, too. One of an earlier round may hold the pseudonym already.
	{Table: "tenant.notice", Column: "recipient", Sheet: "notices", size: true,
		where: `recipient = @person`,
		erase: `with twice as (
			  delete from tenant.notice n where workspace_id = @workspace and recipient = @person and exists (
			    select from tenant.notice p where p.workspace_id = @workspace and p.request_id = n.request_id
			      and p.clock = n.clock and p.kind = n.kind and p.recipient = @pseudonym))
			update tenant.notice n set recipient = @pseudonym, channel = '', ts = '', thread_ts = ''
			where workspace_id = @workspace and recipient = @person and not exists (
			  select from tenant.notice p where p.workspace_id = @workspace and p.request_id = n.request_id
			    and p.clock = n.clock and p.kind = n.kind and p.recipient = @pseudonym)`},
	{Table: "tenant.audit", Column: "actor", Sheet: "audit", size: true,
		where: `actor = 'slack:' || @person`,
		erase: `update tenant.audit set actor = 'slack:' || @pseudonym where workspace_id = @workspace and actor = 'slack:' || @person`},
	{Table: "tenant.audit", Column: "object", Sheet: "audit", size: true,
		where: `object = @person`,
		erase: `update tenant.audit set object = @pseudonym where workspace_id = @workspace and object = @person`},
	{Table: "tenant.data_request", Column: "person", Sheet: "data_requests", size: true,
		where: `person = @person and data_request_id <> @self`, // its own goes last, with the certificate
		erase: `update tenant.data_request
			set person = @pseudonym, done_at = coalesce(done_at, @now), outcome = case when done_at is null then 'moot' else outcome end
			where workspace_id = @workspace and person = @person and data_request_id <> @self`},
	{Table: "system.inbox", Column: "refs", Sheet: "deliveries",
		where: `refs->>'user' = @person`},
}

// others are the columns of words that hold no person's id: states, names of settings, ids of channels, messages and bots.
var others = map[string][]string{
	"tenant.workspace":     {"team", "app_id", "bot_user", "scopes", "staff_channel", "triaged_with"},
	"tenant.agent":         {"role"},
	"tenant.channel":       {"slack_channel", "state", "allowed_bots"},
	"tenant.channel_alias": {"slack_channel"},
	"tenant.request": {"origin_ts", "link", "status", "label", "priority", "triaged_by", "machine_label", "machine_by", "checks", "triaged_with", "was", "pauses", "clocks_off", "kin", "edited_ts",
		"receipt_ts", "card_channel", "card_ts"},
	"tenant.byom":         {"project", "location", "model"},
	"tenant.tombstone":    {"origin_ts"},
	"tenant.kb_entry":     {"key", "words"}, // words are keyed hashes
	"tenant.kb_offer":     {"ts", "state"},
	"tenant.sla_event":    {"clock", "kind", "outcome"},
	"tenant.notice":       {"clock", "kind", "state", "channel", "ts", "thread_ts"},
	"tenant.slack_limit":  {"method"},
	"tenant.erasure":      {"scope"},
	"tenant.audit":        {"action", "before", "after"},
	"tenant.data_request": {"kind", "law", "pseudonym", "asked_by", "step", "outcome"},
	"system.installation": {"team", "state"},
	"system.inbox":        {"delivery_id", "kind", "outcome"},
	"system.purge":        {"cause"},
	"system.purge_run":    {"workflow_id", "run_id"},
	"system.certificate":  {"hash"},
}

// OtherColumns lists the columns of words that hold no person's id, by table.
func OtherColumns() map[string][]string { return others }
