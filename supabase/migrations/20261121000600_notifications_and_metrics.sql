-- What users are told, what arrived from outside, what is counted; and who may call what.

create function public.notification_json(p_notification public.notifications) returns jsonb
language sql
stable
set search_path = ''
as $$
    select to_jsonb(p_notification) - 'user_id';
$$;

create function public.notification_list(
    p_user_id uuid,
    p_limit integer default 20,
    p_before_created_at timestamptz default null,
    p_before_id uuid default null
) returns jsonb
language sql
stable
set search_path = ''
as $$
    select coalesce(jsonb_agg(public.notification_json(page) order by page.created_at desc, page.id desc), '[]')
    from (
        select n.* from public.notifications as n
        where
            n.user_id = p_user_id
            and (n.created_at, n.id) < (
                coalesce(p_before_created_at, 'infinity'),
                coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff')
            )
        order by n.created_at desc, n.id desc
        limit least(greatest(coalesce(p_limit, 20), 1), 1000)
    ) as page;
$$;

-- Reading twice keeps the first time.
create function public.notification_read(p_user_id uuid, p_id uuid) returns jsonb
language sql
set search_path = ''
as $$
    update public.notifications as n set read_at = coalesce(n.read_at, now())
    where n.id = p_id and n.user_id = p_user_id
    returning public.notification_json(n);
$$;

create function public.event_record(p_type text, p_payload jsonb) returns bigint
language sql
set search_path = ''
as $$
    insert into public.events (type, payload) values (p_type, coalesce(p_payload, '{}')) returning id;
$$;

-- Counts and credits are of all time; success and times (seconds: p50, p95, p99) of the last 24 hours.
create function public.job_metrics() returns jsonb
language sql
stable
set search_path = ''
as $$
    with counts as (
        select coalesce(jsonb_object_agg(s.status, s.jobs), '{}') as by_state
        from (select j.status, count(*) as jobs from public.jobs as j group by j.status) as s
    ),
    -- What was held and not paid back, without what is still held for jobs that have not ended.
    consumed as (
        select
            coalesce((select -sum(l.amount) from public.credit_ledger as l where l.reason in ('hold', 'refund')), 0)
            - coalesce((select sum(j.credits) from public.jobs as j where j.finished_at is null), 0) as credits
    ),
    ended as (
        select
            j.status,
            extract(epoch from j.started_at - j.created_at)::float8 as queued_for,
            extract(epoch from j.finished_at - j.started_at)::float8 as rendered_for
        from public.jobs as j
        where j.finished_at > now() - interval '24 hours' and j.status in ('completed', 'failed', 'timed_out', 'error')
    )
    select jsonb_build_object(
        'jobs', (select c.by_state from counts as c),
        'credits_consumed', (select c.credits from consumed as c),
        'success_rate', round(avg((e.status = 'completed')::int), 4),
        'queue_seconds', percentile_cont(array[0.5, 0.95, 0.99]) within group (order by e.queued_for),
        'render_seconds', percentile_cont(array[0.5, 0.95, 0.99]) within group (order by e.rendered_for)
    )
    from ended as e;
$$;

-- For the API alone. Supabase's default privileges would let everyone call them.
do $$
declare
    v_function regprocedure;
begin
    foreach v_function in array array[
        'public.account_get(uuid)',
        'public.account_locked(uuid)',
        'public.account_set(uuid,integer,text)',
        'public.event_record(text,jsonb)',
        'public.job_cancel(uuid,uuid)',
        'public.job_create(uuid,text,jsonb,text,text)',
        'public.job_get(text,uuid)',
        'public.job_json(public.jobs)',
        'public.job_list(uuid,text,text,integer,timestamptz,uuid)',
        'public.job_metrics()',
        'public.job_outcome(public.jobs,boolean,boolean)',
        'public.job_price(text,jsonb)',
        'public.job_price_of_made(public.jobs,integer)',
        'public.job_provider_event(uuid,text,text,text,integer,jsonb,jsonb,text,text)',
        'public.job_rank(text)',
        'public.job_submitted(uuid,text,text,text,jsonb)',
        'public.job_units(text,jsonb)',
        'public.jobs_claim_silent(integer,integer)',
        'public.media_json(public.media_files)',
        'public.media_store(public.jobs,jsonb)',
        'public.notification_json(public.notifications)',
        'public.notification_list(uuid,integer,timestamptz,uuid)',
        'public.notification_read(uuid,uuid)'
    ]::regprocedure[] loop
        execute format('revoke execute on function %s from public, anon, authenticated', v_function);
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
    -- Triggers call these, nobody else.
    foreach v_function in array array[
        'public.credit_ledger_is_final()',
        'public.credit_ledger_moves_balance()',
        'public.job_deleted_is_refunded()',
        'public.job_holds_credits()',
        'public.job_is_paid_for()',
        'public.job_is_settled()'
    ]::regprocedure[] loop
        execute format('revoke execute on function %s from public, anon, authenticated, service_role', v_function);
    end loop;
end
$$;
