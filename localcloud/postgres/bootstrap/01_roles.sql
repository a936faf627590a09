-- The roles a Supabase project has before its first migration. Single-user mode reads these files: a statement ends
-- with a semicolon and an empty line, so no statement has an empty line inside.
do $$
declare
    options constant jsonb := '{
        "postgres": "login createdb createrole replication bypassrls",
        "anon": "nologin noinherit",
        "authenticated": "nologin noinherit",
        "service_role": "nologin noinherit bypassrls",
        "authenticator": "login noinherit",
        "supabase_auth_admin": "login noinherit createrole"
    }';
    role_name text;
    role_options text;
begin
    for role_name, role_options in select key, value from jsonb_each_text(options) loop
        if not exists (select from pg_roles where rolname = role_name) then
            execute format('create role %I', role_name);
        end if;
        execute format('alter role %I %s', role_name, role_options);
    end loop;
end
$$;

-- `postgres` is what `supabase db push` connects as: powerful, but no superuser, as in a hosted project.
grant anon, authenticated, service_role, authenticator to postgres with admin option;

grant anon, authenticated, service_role to authenticator;

grant pg_monitor, pg_read_all_data, pg_signal_backend to postgres;

alter role anon set statement_timeout = '3s';

alter role authenticated set statement_timeout = '8s';

alter role authenticator set statement_timeout = '8s';

alter role authenticator set lock_timeout = '8s';

alter role postgres set search_path = "$user", public, extensions;

alter role supabase_auth_admin set search_path = auth;

alter database postgres owner to postgres;
