-- Workspace keys have versions, so that one can be replaced while everything stays readable. No version may be replaced
-- while a process of before this migration runs: it knows of one version only.
-- +goose Up
set local role echosynch_owner;

-- While a key is being replaced the version before stands beside it, and goes when no key is under it any more. Nothing is
-- sealed under a workspace key but keys: those of requests, and field_key, which seals what the workspace itself has. It
-- is null where the first workspace key still does both.
alter table keystore.workspace_key
  add column version   bigint not null default 1,
  add column before    bytea,
  add column field_key bytea;

alter table keystore.request_key add column version bigint not null default 1; -- of the workspace key that wraps both

-- The ingress key stays the same for good; what wraps it may be replaced.
grant update (wrapped) on keystore.ingress_key to echosynch_app;
reset role;
