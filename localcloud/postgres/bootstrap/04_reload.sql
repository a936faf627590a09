-- The REST service listens on channel pgrst and reads the schema anew when a migration changed it.
create or replace function extensions.pgrst_watch() returns event_trigger
language plpgsql as $$
begin
    notify pgrst, 'reload schema';
end
$$;

drop event trigger if exists pgrst_ddl_watch;

create event trigger pgrst_ddl_watch on ddl_command_end execute function extensions.pgrst_watch();

drop event trigger if exists pgrst_drop_watch;

create event trigger pgrst_drop_watch on sql_drop execute function extensions.pgrst_watch();
