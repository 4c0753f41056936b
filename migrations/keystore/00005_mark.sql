-- What a restore of the main database cannot take back: it is compared at the start of every process.
-- +goose Up
set local role echosynch_owner;

-- Which key store this is, and the highest mark that the main database is known to have reached.
create table keystore.mark (
  one         boolean primary key default true check (one),
  keystore_id uuid not null default gen_random_uuid(),
  number      bigint not null default 0
) with (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);
insert into keystore.mark default values;

-- Workspaces whose keys were destroyed, and when: random ids that can be tied to nobody.
create table keystore.tombstone (
  workspace_id uuid primary key,
  destroyed_at timestamptz not null default now()
) with (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0, autovacuum_vacuum_cost_delay = 0);

grant select, update on keystore.mark to echosynch_app;
grant select, insert on keystore.tombstone to echosynch_app;
reset role;
