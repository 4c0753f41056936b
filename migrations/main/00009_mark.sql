-- How far this database has come, to be compared with what the key store knows: one that was restored lags behind.
-- +goose Up
set local role echosynch_owner;

create table system.mark (
  one         boolean primary key default true check (one),
  keystore_id uuid not null,                -- the key store that belongs to this database
  number      bigint not null,
  at          timestamptz not null          -- when it was last raised
);
grant select, insert, update on system.mark to echosynch_app;

-- What a restored backup had brought back and was destroyed again. The names of scopes are the domain's; a list here would
-- have to know those of every later migration.
alter table tenant.erasure drop constraint erasure_scope_check, add check (scope ~ '^[a-z_]+$');
alter table system.purge drop constraint purge_cause_check, add check (cause ~ '^[a-z_]+$');
reset role;
