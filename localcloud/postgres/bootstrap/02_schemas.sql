-- Schemas and what the API's roles may do in them: everything, which is why row-level security matters.
create schema if not exists extensions;

create schema if not exists auth;

grant usage on schema public, extensions, auth to postgres, anon, authenticated, service_role;

grant create on schema public, extensions to postgres;

do $$
declare
    owner_name text;
    kind text;
begin
    foreach owner_name in array array['postgres', 'supabase_admin'] loop
        foreach kind in array array['tables', 'functions', 'sequences'] loop
            execute format(
                'alter default privileges for role %I in schema public grant all on %s'
                ' to postgres, anon, authenticated, service_role', owner_name, kind
            );
        end loop;
    end loop;
end
$$;
