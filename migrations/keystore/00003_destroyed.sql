-- A workspace key that is null is destroyed; its row goes after those that refer to it.
-- +goose Up
set local role echosynch_owner;
alter table keystore.workspace_key alter column wrapped drop not null;
reset role;
