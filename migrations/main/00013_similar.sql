-- What is similar to a request, and which one it is a duplicate of.
-- +goose Up
set local role echosynch_owner;

-- What a text is compared by: sealed under the text's own key, and beside it, so that it dies with it.
alter table tenant.request_text add column sketch bytea;

-- Of the workflow's state: ids, numbers and times of other requests. It refers to none: a purge deletes in batches, in no order.
alter table tenant.request
  add column kin          jsonb not null default '{}',
  add column duplicate_of uuid;             -- the one of them whose clock it follows, for pages to find it by
create index request_duplicate on tenant.request (workspace_id, duplicate_of) where duplicate_of is not null;
create index request_opened on tenant.request (workspace_id, opened_at) where status in ('new', 'in_progress', 'waiting');
reset role;
