-- Tenancy: one schema for what belongs to a workspace, one for what stands outside.
-- +goose Up
create schema tenant authorization echosynch_owner;
create schema system authorization echosynch_owner;
set local role echosynch_owner;

-- The workspace of the running transaction. After COMMIT the setting reads '' rather than null, hence nullif.
create function tenant.current_workspace() returns uuid
  language sql stable parallel safe
  as $$ select nullif(current_setting('app.workspace_id', true), '')::uuid $$;

-- +goose StatementBegin
-- The one way a table becomes a tenant table. Every migration that creates one calls it.
create procedure tenant.protect(t regclass) language plpgsql as $$
begin
  execute format('alter table %s enable row level security', t);
  execute format('alter table %s force row level security', t);
  execute format('create policy tenant on %s
                    using (workspace_id = (select tenant.current_workspace()))
                    with check (workspace_id = (select tenant.current_workspace()))', t);
end $$;
-- +goose StatementEnd

create table tenant.workspace (
  workspace_id     uuid primary key,
  team             text not null,
  app_id           text not null,
  bot_user         text not null,
  installer        text not null,
  scopes           text[] not null,
  token            bytea,                 -- encrypted by KMS, then sealed under the workspace key; null once destroyed
  installed_at     timestamptz not null,
  authorized_at    timestamptz not null,
  staff_channel    text,
  settings         jsonb not null,
  settings_version bigint not null default 1,
  last_number      bigint not null default 0
);
call tenant.protect('tenant.workspace');

create table tenant.agent (
  workspace_id uuid not null references tenant.workspace,
  slack_user   text not null,
  role         text not null check (role in ('agent', 'admin')),
  added_at     timestamptz not null,
  primary key (workspace_id, slack_user)
);
call tenant.protect('tenant.agent');

create table tenant.channel (
  workspace_id   uuid not null references tenant.workspace,
  channel_id     uuid not null,
  slack_channel  text not null,           -- the current id; see channel_alias
  state          text not null check (state in ('monitored', 'staff', 'left')),
  since          timestamptz not null,
  read_from      timestamptz not null,
  external       boolean not null default false,
  allow_external boolean not null default false,
  allowed_bots   text[] not null default '{}',
  introduced_at  timestamptz,
  primary key (workspace_id, channel_id)
);
call tenant.protect('tenant.channel');

-- Slack changes a channel's id when it becomes shared; every id it ever had leads to the same channel.
create table tenant.channel_alias (
  workspace_id  uuid not null,
  slack_channel text not null,
  channel_id    uuid not null,
  primary key (workspace_id, slack_channel),
  foreign key (workspace_id, channel_id) references tenant.channel
);
call tenant.protect('tenant.channel_alias');

-- The versioned projection of the Request workflow's state, and beside it what the relay heard in the thread and where
-- our messages stand.
create table tenant.request (
  workspace_id        uuid not null,
  request_id          uuid not null,
  number              bigint not null,
  channel_id          uuid not null,
  origin_ts           text not null,
  requester           text not null,
  files               int not null,
  opened_at           timestamptz not null,
  link                text not null default '',
  scrub_at            timestamptz not null,   -- the retention deadline of the text
  scrubbed_at         timestamptz,            -- when the text was destroyed, by retention or before

  version             bigint not null default 0,
  status              text not null check (status in ('new', 'in_progress', 'waiting', 'resolved', 'closed', 'withdrawn')),
  label               text not null default '',
  priority            text not null default 'medium' check (priority in ('critical', 'high', 'medium', 'low')),
  triaged_by          text not null default '',
  assignee            text not null default '',
  first_response_due  timestamptz,            -- null while it is held off, as is every other
  first_response_warn timestamptz,
  resolution_due      timestamptz,
  resolution_warn     timestamptz,
  was                 jsonb,                  -- the deadlines before the last change of the priority
  responded_at        timestamptz,
  no_response         boolean not null default false,
  resolved_at         timestamptz,
  pauses              jsonb not null default '[]',
  clocks_off          text not null default '',
  summary             bytea,                  -- sealed under the request's summary key

  agent_at            timestamptz,            -- the first thread message of an agent who is not the requester
  agent_by            text not null default '',
  requester_at        timestamptz,            -- the last message of the requester
  asked_at            timestamptz,            -- the last one that is not only thanks
  others              boolean not null default false,
  edited_ts           text not null default '',

  receipt_ts          text not null default '',
  receipt_version     bigint not null default 0,
  card_channel        text not null default '',
  card_ts             text not null default '',
  card_version        bigint not null default 0,
  primary key (workspace_id, request_id),
  unique (workspace_id, number),
  unique (workspace_id, channel_id, origin_ts),
  foreign key (workspace_id, channel_id) references tenant.channel
);
create index request_scrub on tenant.request (workspace_id, scrub_at) where scrubbed_at is null;
create index request_open on tenant.request (workspace_id, channel_id) where status in ('new', 'in_progress', 'waiting');
call tenant.protect('tenant.request');

-- Messages that were deleted before they opened a request. They stay a week, longer than any delivery is late.
create table tenant.tombstone (
  workspace_id uuid not null,
  channel_id   uuid not null,
  origin_ts    text not null,
  at           timestamptz not null,
  primary key (workspace_id, channel_id, origin_ts),
  foreign key (workspace_id, channel_id) references tenant.channel
);
call tenant.protect('tenant.tombstone');

-- One row for each level that a clock has reached: what was due, what was sent, to how many.
create table tenant.sla_event (
  workspace_id uuid not null,
  request_id   uuid not null,
  clock        text not null check (clock in ('first_response', 'resolution')),
  kind         text not null check (kind in ('warning', 'breach')),
  due          timestamptz not null,          -- when the notice was due
  sent         timestamptz,                   -- null: see outcome
  recipients   int not null default 0,
  outcome      text not null default 'sending' check (outcome in ('sending', 'sent', 'skipped', 'met', 'undeliverable', 'corrected')),
  primary key (workspace_id, request_id, clock, kind),
  foreign key (workspace_id, request_id) references tenant.request on delete cascade
);
call tenant.protect('tenant.sla_event');

-- One row for each message of a notice. 'sending' is written before the call, so that one with an unknown outcome is known.
create table tenant.notice (
  workspace_id uuid not null,
  request_id   uuid not null,
  clock        text not null,
  kind         text not null,
  recipient    text not null,                 -- a Slack user, or the staff channel
  state        text not null check (state in ('held', 'sending', 'sent', 'refused')),
  repeated     boolean not null default false,
  channel      text not null default '',
  ts           text not null default '',
  primary key (workspace_id, request_id, clock, kind, recipient),
  foreign key (workspace_id, request_id, clock, kind) references tenant.sla_event on delete cascade
);
call tenant.protect('tenant.notice');

-- Until when a Slack method may not be called for a workspace: what Slack said, and our own pace. All workers share it.
create table tenant.slack_limit (
  workspace_id uuid not null references tenant.workspace,
  method       text not null,
  free_at      timestamptz not null,          -- our own pace: a call takes a place and moves this on
  blocked      timestamptz not null default 'epoch',  -- until then Slack refuses
  primary key (workspace_id, method)
);
call tenant.protect('tenant.slack_limit');

-- The original text, apart from the row so that the scrub can delete it in batches.
create table tenant.request_text (
  workspace_id uuid not null,
  request_id   uuid not null,
  sealed       bytea not null,            -- under the request's text key
  primary key (workspace_id, request_id),
  foreign key (workspace_id, request_id) references tenant.request on delete cascade
);
call tenant.protect('tenant.request_text');

-- Which workspace a Slack team means today. Unknown and ended teams look alike to the intake.
create table system.installation (
  team          text primary key,
  workspace_id  uuid not null unique,
  state         text not null check (state in ('active', 'uninstalled')),
  authorized_at timestamptz not null
);

-- SHA-256 of the state of an OAuth run; single use, ten minutes.
create table system.oauth_state (
  hash       bytea primary key,
  expires_at timestamptz not null
);

-- One row per delivery. refs holds ids, enums and times; what a person wrote is only in sealed, under a key of
-- its own in the key store. Done rows stay without refs and text for three days: they are the memory of what
-- was already delivered.
create table system.inbox (
  inbox_id     uuid primary key,
  delivery_id  text not null unique,      -- Slack's event_id or trigger_id
  workspace_id uuid,                      -- null: the body could not be read
  kind         text not null,
  refs         jsonb,
  sealed       bytea,
  received_at  timestamptz not null,
  attempts     int not null default 0,
  next_at      timestamptz not null,
  done_at      timestamptz,
  outcome      text not null default ''
);
create index inbox_pending on system.inbox (next_at) where done_at is null;
create index inbox_done on system.inbox (done_at) where done_at is not null;

grant usage on schema tenant, system to echosynch_app;
grant execute on function tenant.current_workspace() to echosynch_app;
grant select, insert, update, delete on all tables in schema tenant, system to echosynch_app;
reset role;
