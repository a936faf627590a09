-- What the API does to jobs: one call, one transaction, one round trip. Each answers with the job as JSON.

create function public.media_json(p_file public.media_files) returns jsonb
language sql
stable
set search_path = ''
as $$
    select jsonb_build_object(
        'id', p_file.id,
        'ordinal', p_file.ordinal,
        'key', p_file.key,
        'url', p_file.url,
        'content_type', p_file.content_type,
        'format', p_file.format,
        'size_bytes', p_file.size_bytes,
        'width', p_file.width,
        'height', p_file.height,
        'duration_seconds', p_file.duration_seconds,
        'sha256', p_file.sha256,
        'description', p_file.description
    );
$$;

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
        'credits', p_job.credits,
        'created_at', p_job.created_at,
        'submitted_at', p_job.submitted_at,
        'started_at', p_job.started_at,
        'finished_at', p_job.finished_at,
        'files', coalesce(
            (
                select jsonb_agg(public.media_json(f) order by f.ordinal)
                from public.media_files as f where f.job_id = p_job.id
            ),
            '[]'
        )
    );
$$;

-- One transaction: the key, the price, the limit, the hold and the row. With a key that was used in the last
-- 24 hours the first job is the answer; the account's lock makes a second call with it wait for the first.
create function public.job_create(
    p_user_id uuid,
    p_kind text,
    p_payload jsonb,
    p_idempotency_key text default null,
    p_request_hash text default null
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
    v_is_keyed constant boolean := p_user_id is not null and p_idempotency_key is not null;
    v_job public.jobs;
    v_used public.idempotency_keys;
begin
    if v_is_keyed then
        perform public.account_locked(p_user_id);
        select * into v_used from public.idempotency_keys
        where user_id = p_user_id and key = p_idempotency_key and created_at > now() - interval '24 hours';
        if found and v_used.request_hash is distinct from p_request_hash then
            return jsonb_build_object('outcome', 'idempotency_conflict', 'job', null);
        elsif found then
            return jsonb_build_object('outcome', 'replayed', 'job', public.job_get(v_used.job_id::text, p_user_id));
        end if;
    end if;
    begin
        insert into public.jobs (user_id, kind, payload)
        values (p_user_id, p_kind, coalesce(p_payload, '{}'))
        returning * into v_job;
    exception
        when sqlstate 'AG402' then
            return jsonb_build_object('outcome', 'insufficient_credits', 'job', null);
        when sqlstate 'AG429' then
            return jsonb_build_object('outcome', 'too_many_jobs', 'job', null);
    end;
    if v_is_keyed then
        insert into public.idempotency_keys as k (user_id, key, request_hash, job_id)
        values (p_user_id, p_idempotency_key, coalesce(p_request_hash, ''), v_job.id)
        on conflict (user_id, key) do update
            set request_hash = excluded.request_hash, job_id = excluded.job_id, created_at = now();
    end if;
    return jsonb_build_object('outcome', 'created', 'job', public.job_json(v_job));
end
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
