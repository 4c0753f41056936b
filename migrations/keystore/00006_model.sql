-- What a restore of the main database must not take back: that a workspace has chosen whose model reads its requests.
-- +goose Up
set local role echosynch_owner;

-- The highest version of the setting that the main database is known to have reached.
alter table keystore.workspace_key add column model_version bigint not null default 0;
reset role;
