-- Who changed what: append-only for the application. Ids, enums and numbers; never what a person wrote.
-- +goose Up
set local role echosynch_owner;

create table tenant.audit (
  workspace_id uuid not null references tenant.workspace,
  audit_id     uuid not null,
  at           timestamptz not null,
  actor        text not null,              -- slack:<user>, operator:<account> or system
  action       text not null,
  object       text not null default '',   -- what was changed: an id, or the name of a setting
  before       text not null default '',
  after        text not null default '',
  primary key (workspace_id, audit_id)
);
call tenant.protect('tenant.audit');

-- No entry changes, and none goes but with its workspace.
-- +goose StatementBegin
create function tenant.keep_audit() returns trigger language plpgsql set search_path = pg_catalog as $$
begin
  if tg_op = 'DELETE' and exists (
      select from system.purge where workspace_id = old.workspace_id and committed_at is not null and done_at is null) then
    return old;
  end if;
  raise exception 'the audit log is append-only' using errcode = 'insufficient_privilege';
end $$;
-- +goose StatementEnd
create trigger keep before update or delete on tenant.audit for each row execute function tenant.keep_audit();

grant select, insert, delete on tenant.audit to echosynch_app;
reset role;
