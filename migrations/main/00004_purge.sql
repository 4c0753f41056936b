-- The destruction of workspaces. It stands outside of them, because it outlives them: ids of ours, times and counts, and
-- nothing of Slack's.
-- +goose Up
set local role echosynch_owner;

-- The address of the certificate of the end is fixed from the beginning.
alter table tenant.workspace add column certificate_id uuid not null default gen_random_uuid();

create table system.purge (
  workspace_id   uuid not null,
  number         int not null,            -- counts the uninstalls of the workspace
  cause          text not null check (cause in ('uninstalled', 'token_dead', 'ordered')),
  certificate_id uuid not null,
  uninstalled_at timestamptz not null,    -- the event's own time
  grace_until    timestamptz not null,
  touched_at     timestamptz not null,
  token_at       timestamptz not null,
  restored_at    timestamptz,
  committed_at   timestamptz,             -- nothing can be taken back from here
  keys_at        timestamptz,
  listed_at      timestamptz,
  histories_at   timestamptz,
  rows_at        timestamptz,
  census_at      timestamptz,
  done_at        timestamptz,
  keys           bigint not null default 0,
  histories      bigint not null default 0,      -- runs that Temporal has accepted to delete
  rows           bigint not null default 0,
  quiet          int not null default 0,          -- looks in a row that found no run left
  quiet_at       timestamptz not null default 'epoch',  -- the last look that counted
  primary key (workspace_id, number),
  check (restored_at is null or committed_at is null)
);
create unique index purge_open on system.purge (workspace_id) where done_at is null and restored_at is null;

-- The workflow runs that a purge has still to delete. run_id '' stands for the current one.
create table system.purge_run (
  workspace_id uuid not null,
  workflow_id  text not null,
  run_id       text not null,
  asked_at     timestamptz not null default 'epoch',  -- when Temporal was last asked to delete it
  primary key (workspace_id, workflow_id, run_id)
);
create index purge_run_asked on system.purge_run (workspace_id, asked_at);

create index inbox_workspace on system.inbox (workspace_id);

-- Dead rows with ids of Slack's are gone within minutes: a single one makes a table due at the next round.
-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['tenant.workspace', 'tenant.agent', 'tenant.channel', 'tenant.channel_alias', 'tenant.request',
      'tenant.notice', 'tenant.tombstone', 'system.installation', 'system.inbox'] loop
    execute format('alter table %s set (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0)', t);
  end loop;
end $$;
-- +goose StatementEnd

grant select, insert, update, delete on system.purge, system.purge_run to echosynch_app;
reset role;
