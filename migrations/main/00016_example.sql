-- A corrected request that an admin has made an example of its label: redacted text, sealed under the request's summary key, so
-- that deletion, "Not a request" and the erasure of its author destroy it; retention does not.
-- +goose Up
set local role echosynch_owner;
alter table tenant.request add column example bytea;
create index request_example on tenant.request (workspace_id, opened_at) where example is not null;
reset role;
