-- The two roles that own and use the schema. Nobody logs in as either: login roles are made by who runs the service.
-- +goose Up
-- +goose StatementBegin
do $$ begin
  if to_regrole('echosynch_owner') is null then create role echosynch_owner nologin; end if;
  if to_regrole('echosynch_app') is null then create role echosynch_app nologin nosuperuser nobypassrls; end if;
  if not pg_has_role(current_user, 'echosynch_owner', 'member') then
    execute format('grant echosynch_owner to %I', current_user);
  end if;
end $$;
-- +goose StatementEnd
