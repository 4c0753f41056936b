-- The knowledge base of a workspace: answers that are offered in the thread of a matching message.
-- +goose Up
set local role echosynch_owner;

create table tenant.kb_entry (
  workspace_id uuid not null references tenant.workspace,
  entry_id     uuid not null,
  key          text not null,                 -- the name by which an import finds it again
  sealed       bytea not null,                -- question, answer, link and tags, under the workspace key
  words        tsvector not null,             -- a keyed hash of each stem: it can be searched, not read
  active       boolean not null,
  offered      bigint not null default 0,     -- these count requests, each once
  helpful      bigint not null default 0,
  not_relevant bigint not null default 0,
  closed       bigint not null default 0,
  primary key (workspace_id, entry_id),
  unique (workspace_id, key)
);
call tenant.protect('tenant.kb_entry');

-- The one answer that was offered on a request.
create table tenant.kb_offer (
  workspace_id uuid not null,
  request_id   uuid not null,
  entry_id     uuid not null,
  confidence   int not null check (confidence between 0 and 100),
  ts           text not null,                 -- of the message, in the request's thread
  state        text not null default 'offered' check (state in ('offered', 'helpful', 'not_relevant', 'close_resolved')),
  primary key (workspace_id, request_id),
  foreign key (workspace_id, request_id) references tenant.request on delete cascade,
  foreign key (workspace_id, entry_id) references tenant.kb_entry on delete cascade
);
create index kb_offer_entry on tenant.kb_offer (workspace_id, entry_id);
call tenant.protect('tenant.kb_offer');

alter table tenant.channel add column offer_answers boolean not null default false;

-- Deleted rows go soon after a purge, as those of every tenant table.
alter table tenant.kb_entry set (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);
alter table tenant.kb_offer set (autovacuum_vacuum_threshold = 0, autovacuum_vacuum_scale_factor = 0);

grant select, insert, update, delete on tenant.kb_entry, tenant.kb_offer to echosynch_app;
reset role;
