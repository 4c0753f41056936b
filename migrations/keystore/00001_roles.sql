-- The two roles that own and use the schema. Nobody logs in as either: login roles are made by who runs the service.
-- +goose Up
-- +goose StatementBegin
do $$ begin
  if to_regrole('echosynch_owner') is null then create role echosynch_owner nologin; end if;
  if to_regrole('echosynch_app') is null then create role echosynch_app nologin nosuperuser nobypassrls; end if;
  -- Since Postgres 16 a member may be one who cannot become the role, such as whoever has just made it.
  if not pg_has_role(current_user, 'echosynch_owner',
      case when current_setting('server_version_num')::int < 160000 then 'member' else 'set' end) then
    execute format('grant echosynch_owner to %I', current_user);
  end if;
end $$;
-- +goose StatementEnd
