-- What a machine said last, beside what an agent decided since: without it nobody could tell how often they agree.
-- +goose Up
set local role echosynch_owner;
alter table tenant.request
  add column machine_label text not null default '',
  add column machine_by    text not null default '';
reset role;
