-- What is heard of jobs: from the provider, from the reconciler, or nothing for a while.

-- How far along a state is: a delivery that would go back is late and changes nothing.
create function public.job_rank(p_status text) returns int
language sql
immutable
set search_path = ''
as $$
    select case p_status when 'queued' then 0 when 'submitted' then 1 when 'running' then 2 else 3 end;
$$;

-- What the provider says about a job. Replays and deliveries out of order change nothing. A completion stores its
-- files here, in the transaction that ends the job; p_delivery tells one delivery from another, for good.
create function public.job_provider_event(
    p_job_id uuid,
    p_provider_job_id text,
    p_status text,
    p_phase text default null,
    p_progress integer default null,
    p_result jsonb default null,
    p_files jsonb default null,
    p_delivery text default null,
    p_kind text default null -- where the address that was called is of one kind of job
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
    -- A right job id with another run's provider id, this job's other run or another job's, is not this job's news.
    if
        v_job.id is null
        or v_job.kind <> p_kind
        or v_job.provider_job_id <> p_provider_job_id
        or (
            v_job.provider_job_id is null
            and exists (select from public.jobs as j where j.provider_job_id = p_provider_job_id)
        )
    then
        return public.job_outcome(null, false, false);
    end if;
    if p_delivery is not null then
        insert into public.webhook_deliveries (job_id, fingerprint) values (v_job.id, p_delivery) on conflict do nothing;
        if not found then
            return public.job_outcome(v_job, false, true);
        end if;
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
        return public.job_outcome(v_job, false, false);
    end if;
    if p_status = 'completed' then
        perform public.media_store(v_job, p_files);
        -- Done, and nothing to show for it: nobody pays for that.
        if v_job.user_id is not null and not exists (select from public.media_files where job_id = v_job.id) then
            v_new.status := 'failed';
            p_result := coalesce(p_result, '{}') || '{"error": "the provider made no file"}';
        end if;
    end if;
    update public.jobs as j
    set
        status = v_new.status,
        provider_job_id = v_new.provider_job_id,
        progress = v_new.progress,
        phase = v_new.phase,
        checked_at = now(),
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
    return public.job_outcome(v_job, true, false);
end
$$;

create function public.job_outcome(p_job public.jobs, p_changed boolean, p_replayed boolean) returns jsonb
language sql
stable
set search_path = ''
as $$
    select jsonb_build_object(
        'found', p_job.id is not null,
        'changed', p_changed,
        'replayed', p_replayed,
        'job', case when p_job.id is not null then public.job_json(p_job) end
    );
$$;

create function public.media_store(p_job public.jobs, p_files jsonb) returns void
language sql
set search_path = ''
as $$
    insert into public.media_files (
        job_id, user_id, ordinal, key, url, content_type, format, size_bytes, width, height, duration_seconds,
        sha256, description
    )
    select
        p_job.id, p_job.user_id, file.ordinality - 1, f.key, f.url, f.content_type, f.format, f.size_bytes, f.width,
        f.height, f.duration_seconds, f.sha256, f.description
    from
        jsonb_array_elements(coalesce(nullif(p_files, 'null'), '[]')) with ordinality as file (document, ordinality),
        jsonb_populate_record(null::public.media_files, file.document) as f
    where coalesce(f.key like 'media/' || p_job.id || '/%', f.url is not null)
    -- Named twice in one report: stored once.
    on conflict do nothing;
$$;

-- Unfinished jobs of which nothing was heard for a while, each given to one caller; asking counts as hearing.
create function public.jobs_claim_silent(p_limit integer default 20, p_silent_seconds integer default 120) returns jsonb
language sql
set search_path = ''
as $$
    with silent as (
        select j.id from public.jobs as j
        where j.finished_at is null and j.checked_at < now() - make_interval(secs => p_silent_seconds)
        order by j.checked_at
        limit least(greatest(p_limit, 1), 100)
        for update skip locked
    ),
    claimed as (
        update public.jobs as j set checked_at = now()
        from silent as s where j.id = s.id
        returning j.*
    )
    select coalesce(jsonb_agg(public.job_json(c::public.jobs) order by c.created_at), '[]') from claimed as c;
$$;
