-- What the REST service knows of the exposed schema, as one JSON document.
select json_build_object(
    'tables', (
        select coalesce(json_object_agg(c.relname, json_build_object(
            'columns', (
                select coalesce(json_object_agg(a.attname, json_build_object(
                    'type', format_type(a.atttypid, a.atttypmod),
                    'default', case
                        when a.attidentity <> '' then null
                        when a.attgenerated = '' then pg_get_expr(d.adbin, d.adrelid)
                    end
                ) order by a.attnum), '{}')
                from pg_attribute as a
                left join pg_attrdef as d on a.attrelid = d.adrelid and a.attnum = d.adnum
                where a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
            ),
            'primary_key', (
                select coalesce(json_agg(a.attname order by array_position(i.indkey::int2 [], a.attnum)), '[]')
                from pg_index as i
                inner join pg_attribute as a on i.indrelid = a.attrelid and a.attnum = any(i.indkey::int2 [])
                where i.indrelid = c.oid and i.indisprimary
            )
        )), '{}')
        from pg_class as c
        where c.relnamespace = %(schema)s::regnamespace and c.relkind in ('r', 'v', 'm', 'f', 'p')
    ),
    'functions', (
        select coalesce(json_agg(json_build_object(
            'name', p.proname,
            'volatile', p.provolatile = 'v',
            'set', p.proretset,
            'returns', case
                when p.prorettype = 'void'::regtype then 'void'
                when t.typtype = 'c' or p.prorettype = 'record'::regtype then 'row'
                else 'scalar'
            end,
            'arguments', (
                select coalesce(json_agg(json_build_object(
                    'name', coalesce(p.proargnames[argument.position], ''),
                    'type', format_type(argument.type, null),
                    'required', argument.position <= p.pronargs - p.pronargdefaults,
                    'variadic', p.provariadic <> 0 and argument.position = p.pronargs
                ) order by argument.position), '[]')
                from unnest(p.proargtypes::oid []) with ordinality as argument (type, position)
            )
        )), '[]')
        from pg_proc as p
        inner join pg_type as t on p.prorettype = t.oid
        where
            p.pronamespace = %(schema)s::regnamespace
            and p.prokind = 'f'
            and p.prorettype not in ('trigger'::regtype, 'event_trigger'::regtype)
    ),
    'timeouts', (
        select coalesce(json_object_agg(r.rolname, split_part(setting, '=', 2)), '{}')
        from pg_roles as r, unnest(r.rolconfig) as setting
        where setting like 'statement_timeout=%%'
    )
) as document
