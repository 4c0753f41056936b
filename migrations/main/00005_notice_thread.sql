-- Where a notice was first tried: a look-up finds it there, whatever the staff card has become since.
-- +goose Up
set local role echosynch_owner;
alter table tenant.notice add column thread_ts text not null default '';
reset role;
