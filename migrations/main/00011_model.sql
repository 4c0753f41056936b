-- Whose model reads the messages of a workspace, and what it was billed for.
-- +goose Up
set local role echosynch_owner;

-- A customer's own model. The credential is encrypted by the key wrapper and then sealed under the workspace's key, as the bot
-- token is; null where the project grants our service account.
create table tenant.byom (
  workspace_id uuid primary key references tenant.workspace,
  version      bigint not null,
  project      text not null,
  location     text not null,
  model        text not null,
  credential   bytea,
  set_at       timestamptz not null,
  paused_at    timestamptz,              -- the project refused: nobody is asked until somebody has verified it
  told_at      timestamptz               -- the admins were told of the pause
);
call tenant.protect('tenant.byom');

-- Tokens by UTC day.
create table tenant.model_usage (
  workspace_id  uuid not null references tenant.workspace,
  day           date not null,
  own           boolean not null,        -- the customer's project
  calls         bigint not null,
  input_tokens  bigint not null,
  output_tokens bigint not null,
  primary key (workspace_id, day, own)
);
call tenant.protect('tenant.model_usage');

alter table tenant.request add column triaged_with text not null default '';  -- which model, where, in whose project
alter table tenant.workspace
  add column triaged_with     text not null default '',  -- the last one, so that a change is noticed
  add column provider_version bigint not null default 0; -- counts the choices of a provider; the key store knows the highest

grant select, insert, update, delete on tenant.byom, tenant.model_usage to echosynch_app;
reset role;
