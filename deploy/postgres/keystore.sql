-- Runs once, when the key store's cluster is created: who may log in, and the database. Tables are the business of migrations.
\getenv app_password KEYSTORE_APP_PASSWORD
\getenv migrate_password KEYSTORE_MIGRATE_PASSWORD

create role echosynch_owner nologin;
create role echosynch_app nologin;
create role echosynch_migrate login password :'migrate_password';
-- With the admin option, because the first migration grants the role to whoever migrates.
grant echosynch_owner to echosynch_migrate with admin option;
create role echosynch login password :'app_password' in role echosynch_app;

create database keystore owner echosynch_owner;
revoke all on database keystore from public;
grant connect on database keystore to echosynch_app;
