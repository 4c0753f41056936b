-- The keys. There is no row-level security here: a wrapped key is of no use without the key that wraps it, each is
-- bound to its workspace by associated data, and no query of ours is without its workspace.
-- Rows die for good soon after they are deleted: see the autovacuum settings.
-- +goose Up
create schema keystore authorization echosynch_owner;
set local role echosynch_owner;

-- One per workspace, wrapped by the key wrapper. Deleting it makes everything of the workspace unreadable.
create table keystore.workspace_key (
  workspace_id uuid primary key,
  wrapped      bytea not null,
  created_at   timestamptz not null default now()
);

-- Two per request, wrapped by the workspace key. A null one is destroyed. The reference is there so that nobody who read
-- the workspace key just before a purge adds to it after.
create table keystore.request_key (
  workspace_id uuid not null references keystore.workspace_key,
  request_id   uuid not null,
  text_key     bytea,
  summary_key  bytea,
  created_at   timestamptz not null default now(),
  primary key (workspace_id, request_id)
);

-- One per delivery that carries text, wrapped by the ingress key.
create table keystore.inbox_key (
  inbox_id   uuid primary key,
  wrapped    bytea not null,
  created_at timestamptz not null default now()
);

-- The one key that every api process has in memory since its start, wrapped by the key wrapper.
create table keystore.ingress_key (
  current boolean primary key default true check (current),
  wrapped bytea not null
);

-- Dead rows are gone within minutes: a single one makes a table due at the next round.
-- +goose StatementBegin
do $$
declare t text;
begin
  foreach t in array array['workspace_key', 'request_key', 'inbox_key'] loop
    execute format('alter table keystore.%I set (autovacuum_vacuum_threshold = 0,
      autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0)', t);
  end loop;
end $$;
-- +goose StatementEnd

grant usage on schema keystore to echosynch_app;
grant select, insert, update, delete on keystore.workspace_key, keystore.request_key, keystore.inbox_key to echosynch_app;
grant select, insert on keystore.ingress_key to echosynch_app;
reset role;
