-- What the API does to jobs: one call, one transaction, one round trip. Each answers with the job as JSON.

-- The job as the API sees it. Columns added to the table later stay out until they are named here.
create function public.job_json(p_job public.jobs) returns jsonb
language sql
stable
set search_path = ''
as $$
    select jsonb_build_object(
        'id', p_job.id,
        'user_id', p_job.user_id,
        'kind', p_job.kind,
        'status', p_job.status,
        'phase', p_job.phase,
        'progress', p_job.progress,
        'provider', p_job.provider,
        'provider_job_id', p_job.provider_job_id,
        'payload', p_job.payload,
        'result', p_job.result,
        'created_at', p_job.created_at,
        'submitted_at', p_job.submitted_at,
        'started_at', p_job.started_at,
        'finished_at', p_job.finished_at
    );
$$;

create function public.job_create(p_user_id uuid, p_kind text, p_payload jsonb) returns jsonb
language sql
set search_path = ''
as $$
    insert into public.jobs as j (user_id, kind, payload)
    values (p_user_id, p_kind, coalesce(p_payload, '{}'))
    returning public.job_json(j);
$$;

-- What became of the call to the provider. A webhook or a cancellation may have been faster: then the state stays
-- and only the provider's id is added, so that the caller can see it and cancel there too.
create function public.job_submitted(
    p_job_id uuid, p_status text, p_provider text, p_provider_job_id text, p_result jsonb
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
    v_job public.jobs;
begin
    if p_status not in ('submitted', 'noop', 'error') then
        raise exception 'a submission ends as submitted, noop or error, not as %', p_status
            using errcode = 'invalid_parameter_value';
    end if;
    select * into v_job from public.jobs where id = p_job_id for update;
    if not found then
        return null;
    end if;
    update public.jobs as j
    set
        status = case j.status when 'queued' then p_status else j.status end,
        result = case j.status when 'queued' then coalesce(p_result, j.result) else j.result end,
        provider = coalesce(j.provider, p_provider),
        provider_job_id = coalesce(j.provider_job_id, p_provider_job_id),
        submitted_at = case when p_status = 'submitted' then coalesce(j.submitted_at, now()) else j.submitted_at end,
        finished_at = case
            when j.status = 'queued' and p_status <> 'submitted' then now() else j.finished_at
        end
    where j.id = p_job_id
    returning j.* into v_job;
    return public.job_json(v_job);
end
$$;

-- By our id or by the provider's. p_user_id null: the admin, who sees all.
create function public.job_get(p_id text, p_user_id uuid default null) returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
    v_job public.jobs;
begin
    if p_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
        select * into v_job from public.jobs where id = p_id::uuid;
    end if;
    if v_job.id is null then
        select * into v_job from public.jobs where provider_job_id = p_id limit 1;
    end if;
    if v_job.id is null or v_job.user_id is distinct from coalesce(p_user_id, v_job.user_id) then
        return null;
    end if;
    return public.job_json(v_job);
end
$$;

-- A page, newest first, from after (p_before_created_at, p_before_id). The text of the query names only the filters
-- that were asked for, so that each combination is planned for its own index.
create function public.job_list(
    p_user_id uuid default null,
    p_status text default null,
    p_kind text default null,
    p_limit integer default 20,
    p_before_created_at timestamptz default null,
    p_before_id uuid default null
) returns jsonb
language plpgsql
stable
set search_path = ''
as $$
declare
    v_filters text := '';
    v_jobs jsonb;
begin
    if p_user_id is not null then
        v_filters := v_filters || ' and j.user_id = $1';
    end if;
    if p_status is not null then
        v_filters := v_filters || ' and j.status = $2';
    end if;
    if p_kind is not null then
        v_filters := v_filters || ' and j.kind = $3';
    end if;
    if p_before_created_at is not null then
        v_filters := v_filters || ' and (j.created_at, j.id) < ($5, $6)';
    end if;
    execute
        'select coalesce(jsonb_agg(public.job_json(page) order by page.created_at desc, page.id desc), ''[]'')'
        ' from (select j.* from public.jobs as j where true' || v_filters
        || ' order by j.created_at desc, j.id desc limit $4) as page'
    into v_jobs
    using
        p_user_id,
        p_status,
        p_kind,
        least(greatest(coalesce(p_limit, 20), 1), 1000),
        p_before_created_at,
        coalesce(p_before_id, 'ffffffff-ffff-ffff-ffff-ffffffffffff');
    return v_jobs;
end
$$;

-- How far along a state is: a delivery that would go back is late and changes nothing.
create function public.job_rank(p_status text) returns int
language sql
immutable
set search_path = ''
as $$
    select case p_status when 'queued' then 0 when 'submitted' then 1 when 'running' then 2 else 3 end;
$$;

-- What the provider says about a job. Replays and deliveries out of order change nothing.
create function public.job_provider_event(
    p_job_id uuid,
    p_provider_job_id text,
    p_status text,
    p_phase text default null,
    p_progress integer default null,
    p_result jsonb default null
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
    v_phases constant text [] := array['initializing', 'generating', 'saving'];
    v_ends constant boolean := public.job_rank(p_status) = 3;
    v_job public.jobs;
    v_new public.jobs;
begin
    if p_status is null or p_status in ('noop', 'error') then
        raise exception 'a provider does not report the state %', coalesce(p_status, 'null')
            using errcode = 'invalid_parameter_value';
    end if;
    if p_job_id is not null then
        select * into v_job from public.jobs where id = p_job_id for update;
    else
        select * into v_job from public.jobs where provider_job_id = p_provider_job_id limit 1 for update;
    end if;
    -- A right job id with another run's provider id is not this job's news.
    if v_job.id is null or v_job.provider_job_id <> p_provider_job_id then
        return jsonb_build_object('found', false, 'changed', false, 'job', null);
    end if;
    v_new := v_job;
    if v_job.finished_at is null and public.job_rank(p_status) >= public.job_rank(v_job.status) then
        v_new.status := p_status;
        v_new.provider_job_id := coalesce(v_job.provider_job_id, p_provider_job_id);
        v_new.progress := case p_status
            when 'completed' then 100
            else greatest(v_job.progress, least(coalesce(p_progress, 0), 100))
        end;
        if v_ends then
            v_new.phase := null; -- a phase is of running
        elsif coalesce(array_position(v_phases, p_phase), 0) > coalesce(array_position(v_phases, v_job.phase), 0) then
            v_new.phase := p_phase;
        end if;
    end if;
    if v_new is not distinct from v_job then
        return jsonb_build_object('found', true, 'changed', false, 'job', public.job_json(v_job));
    end if;
    update public.jobs as j
    set
        status = v_new.status,
        provider_job_id = v_new.provider_job_id,
        progress = v_new.progress,
        phase = v_new.phase,
        result = case when v_ends then coalesce(p_result, j.result) else j.result end,
        started_at = coalesce(
            j.started_at,
            case
                when v_new.status = 'running' then now()
                -- RunPod calls once, at the end, and says how long it worked (milliseconds).
                when v_ends and jsonb_typeof(p_result -> 'executionTime') = 'number'
                    then greatest(
                        j.created_at, now() - (p_result ->> 'executionTime')::float8 * interval '1 millisecond'
                    )
            end
        ),
        finished_at = case when v_ends then now() end
    where j.id = v_job.id
    returning j.* into v_job;
    return jsonb_build_object('found', true, 'changed', true, 'job', public.job_json(v_job));
end
$$;

-- p_user_id null: the admin, who may cancel any job.
create function public.job_cancel(p_job_id uuid, p_user_id uuid default null) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
    v_job public.jobs;
    v_changed boolean;
begin
    select * into v_job from public.jobs
    where id = p_job_id and (p_user_id is null or user_id = p_user_id)
    for update;
    if not found then
        return jsonb_build_object('found', false, 'changed', false, 'job', null);
    end if;
    v_changed := v_job.finished_at is null;
    if v_changed then
        update public.jobs as j set status = 'cancelled', phase = null, finished_at = now()
        where j.id = v_job.id
        returning j.* into v_job;
    end if;
    return jsonb_build_object('found', true, 'changed', v_changed, 'job', public.job_json(v_job));
end
$$;

create function public.event_record(p_type text, p_payload jsonb) returns bigint
language sql
set search_path = ''
as $$
    insert into public.events (type, payload) values (p_type, coalesce(p_payload, '{}')) returning id;
$$;

-- Counts are of all time; success and times (seconds: p50, p95, p99) of the jobs that ended in the last 24 hours.
create function public.job_metrics() returns jsonb
language sql
stable
set search_path = ''
as $$
    with counts as (
        select coalesce(jsonb_object_agg(s.status, s.jobs), '{}') as by_state
        from (select j.status, count(*) as jobs from public.jobs as j group by j.status) as s
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
        'public.job_json(public.jobs)',
        'public.job_create(uuid,text,jsonb)',
        'public.job_submitted(uuid,text,text,text,jsonb)',
        'public.job_get(text,uuid)',
        'public.job_list(uuid,text,text,integer,timestamptz,uuid)',
        'public.job_rank(text)',
        'public.job_provider_event(uuid,text,text,text,integer,jsonb)',
        'public.job_cancel(uuid,uuid)',
        'public.job_metrics()',
        'public.event_record(text,jsonb)'
    ]::regprocedure[] loop
        execute format('revoke execute on function %s from public, anon, authenticated', v_function);
        execute format('grant execute on function %s to service_role', v_function);
    end loop;
end
$$;
