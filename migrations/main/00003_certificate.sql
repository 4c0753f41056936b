-- The proof of erasures.
-- +goose Up
set local role echosynch_owner;

-- What was erased and has, or is to get, a certificate: of retention one row per UTC day, of everything else one each.
create table tenant.erasure (
  workspace_id uuid not null references tenant.workspace,
  erasure_id   uuid not null default gen_random_uuid(),
  scope        text not null check (scope in ('retention', 'deletion', 'not_request')),
  day          date,                      -- of retention only
  texts        bigint not null,
  summaries    bigint not null,
  started_at   timestamptz not null,
  ended_at     timestamptz not null,
  certified_at timestamptz,
  primary key (workspace_id, erasure_id),
  check ((scope = 'retention') = (day is not null))
);
create unique index erasure_day on tenant.erasure (workspace_id, day);
create index erasure_open on tenant.erasure (workspace_id, ended_at) where certified_at is null;
call tenant.protect('tenant.erasure');

-- The certificates of a workspace are a chain. The last one outlives the workspace: ids of ours, times and counts.
create table system.certificate (
  certificate_id uuid primary key,
  workspace_id   uuid not null,
  number         bigint not null,
  hash           text not null,           -- what the next one names
  document       bytea not null,          -- as it is published
  issued_at      timestamptz not null,
  unique (workspace_id, number)
);

grant select, insert, update, delete on tenant.erasure, system.certificate to echosynch_app;
reset role;
