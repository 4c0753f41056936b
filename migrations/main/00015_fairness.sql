-- Workspaces take turns at the hand-over: the first deliveries of each are found without reading what others have waiting.
-- +goose Up
set local role echosynch_owner;
create index inbox_turn on system.inbox (workspace_id, next_at) where done_at is null;
drop index system.inbox_pending;
reset role;
