-- Runs once, when the main cluster is created: who may log in, and the databases. Tables are the business of migrations.
\getenv app_password POSTGRES_APP_PASSWORD
\getenv migrate_password POSTGRES_MIGRATE_PASSWORD
\getenv temporal_password TEMPORAL_DB_PASSWORD

create role echosynch_owner nologin;
create role echosynch_app nologin;
create role echosynch_migrate login password :'migrate_password';
-- With the admin option, because the first migration grants the role to whoever migrates.
grant echosynch_owner to echosynch_migrate with admin option;
create role echosynch login password :'app_password' in role echosynch_app;
create role temporal login password :'temporal_password';

create database echosynch owner echosynch_owner;
create database temporal owner temporal;
create database temporal_visibility owner temporal;

-- Neither side can open the other's database.
revoke all on database echosynch, temporal, temporal_visibility from public;
grant connect on database echosynch to echosynch_app;
