-- What a person, or an admin for a whole workspace, may ask of their data: a copy, or its erasure.
-- +goose Up
set local role echosynch_owner;

-- A data request is what the law calls one; it is no request of the help desk.
create table tenant.data_request (
  workspace_id    uuid not null references tenant.workspace,
  data_request_id uuid not null,
  kind            text not null check (kind in ('person_export', 'person_erasure', 'workspace_export')),
  law             text not null check (law in ('gdpr', 'ccpa', '')),
  person          text not null default '',   -- a Slack user; of one who was erased since the pseudonym
  pseudonym       text not null default '' check (pseudonym = '' or pseudonym ~ '^erased-[0-9a-f]{16}$'),
  certificate_id  uuid not null default gen_random_uuid(),  -- of an erasure; its address is known from the beginning
  asked_by        text not null,              -- operator:<account>
  asked_at        timestamptz not null,
  due_at          timestamptz not null,       -- by law; of a workspace's export the end of its link
  step            text not null default '',
  signalled       bigint not null default 0,  -- the number of the last request whose workflow was told
  quiet_at        timestamptz,                -- until then a delivery of the person's may be under way
  requests        bigint not null default 0,
  texts           bigint not null default 0,
  summaries       bigint not null default 0,
  roles           bigint not null default 0,
  deliveries      bigint not null default 0,
  names           bigint not null default 0,  -- ids in rows that stay
  done_at         timestamptz,
  outcome         text not null default '',
  primary key (workspace_id, data_request_id)
);
create unique index data_request_open on tenant.data_request (workspace_id, kind, person)
  where done_at is null and kind <> 'workspace_export';
call tenant.protect('tenant.data_request');

-- SHA-256 of the token of a link to an export; works once, for a day. Whoever has the link names no workspace.
create table system.export_link (
  hash            bytea primary key,
  workspace_id    uuid not null,
  data_request_id uuid not null,
  expires_at      timestamptz not null
);
create index export_link_workspace on system.export_link (workspace_id);

create index request_requester on tenant.request (workspace_id, requester);

alter table tenant.data_request set (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
alter table tenant.audit set (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);

-- The audit log stays append-only but for one change: while a person is being erased, their id gives way to the pseudonym
-- of that erasure, which is no id of anybody.
-- +goose StatementBegin
create or replace function tenant.keep_audit() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if tg_op = 'DELETE' and exists (
      select from system.purge where workspace_id = old.workspace_id and committed_at is not null and done_at is null) then
    return old;
  end if;
  if tg_op = 'UPDATE'
    and (new.workspace_id, new.audit_id, new.at, new.action, new.before, new.after)
      = (old.workspace_id, old.audit_id, old.at, old.action, old.before, old.after)
    and exists (
      select from tenant.data_request d
      where d.workspace_id = old.workspace_id and d.kind = 'person_erasure' and d.done_at is null
        and d.person <> '' and d.pseudonym <> ''
        and new.actor = case old.actor when 'slack:' || d.person then 'slack:' || d.pseudonym else old.actor end
        and new.object = case old.object when d.person then d.pseudonym else old.object end) then
    return new;
  end if;
  raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $$;
-- +goose StatementEnd

grant update (actor, object) on tenant.audit to echosynch_app;
grant select, insert, update, delete on tenant.data_request, system.export_link to echosynch_app;
reset role;
