-- Why a person should look at what a machine made of a request.
-- +goose Up
set local role echosynch_owner;
alter table tenant.request add column checks text[] not null default '{}';
reset role;
