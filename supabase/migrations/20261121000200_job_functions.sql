-- What the API does to jobs, one function a use case, one round trip each. Only the service role may call them.

-- A terminal status never changes.
create function public.job_is_terminal(status text) returns boolean
language sql immutable parallel safe
set search_path = ''
as $$
  select $1 in ('completed', 'failed', 'cancelled', 'timed_out', 'noop', 'error');
$$;

create function public.job_create(p_user_id uuid, p_kind text, p_payload jsonb) returns jsonb
language sql volatile
set search_path = ''
as $$
  insert into public.jobs as job (user_id, kind, payload)
  values (p_user_id, p_kind, p_payload)
  returning to_jsonb(job);
$$;

-- Records the provider's answer to a submission. A webhook may have been faster: then only what is missing is added.
create function public.job_submitted(
    p_job_id uuid, p_status text, p_provider text, p_provider_job_id text, p_result jsonb
) returns jsonb
language sql volatile
set search_path = ''
as $$
  update public.jobs as job set
    status = case when job.status = 'queued' then p_status else job.status end,
    provider = coalesce(job.provider, p_provider),
    provider_job_id = coalesce(job.provider_job_id, p_provider_job_id),
    result = case when job.status = 'queued' then p_result else job.result end,
    submitted_at = coalesce(job.submitted_at, now()),
    finished_at = case
      when job.status = 'queued' and public.job_is_terminal(p_status) then now() else job.finished_at
    end
  where job.id = p_job_id and p_status in ('submitted', 'noop', 'error')
  returning to_jsonb(job);
$$;

-- By our id or the provider's; null where there is none, or where it is another user's.
create function public.job_get(p_id text, p_user_id uuid default null) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_job public.jobs;
begin
  if p_id ~* '^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$' then
    select * into v_job from public.jobs where id = p_id::uuid;
  end if;
  if v_job.id is null then
    select * into v_job from public.jobs where provider_job_id = p_id;
  end if;
  if v_job.id is null or (p_user_id is not null and v_job.user_id is distinct from p_user_id) then
    return null;
  end if;
  return to_jsonb(v_job);
end;
$$;

-- Newest first, strictly before the cursor (p_before_created_at, p_before_id). A null user sees everybody's.
create function public.job_list(
    p_user_id uuid default null,
    p_status text default null,
    p_kind text default null,
    p_limit integer default 20,
    p_before_created_at timestamptz default null,
    p_before_id uuid default null
) returns jsonb
language plpgsql stable
set search_path = ''
as $$
declare
  v_jobs jsonb;
begin
  select coalesce(jsonb_agg(to_jsonb(page) order by page.created_at desc, page.id desc), '[]'::jsonb)
  into v_jobs
  from (
    select job.*
    from public.jobs as job
    where
      (p_user_id is null or job.user_id = p_user_id)
      and (p_status is null or job.status = p_status)
      and (p_kind is null or job.kind = p_kind)
      and (
        p_before_created_at is null
        or (job.created_at, job.id) < (p_before_created_at, p_before_id)
      )
    order by job.created_at desc, job.id desc
    limit p_limit
  ) as page;
  return v_jobs;
end;
$$;

-- What the provider says of a job, by webhook or when asked. Replays, late and out-of-order news change nothing:
-- a terminal status stays, running never goes back to submitted, progress never shrinks.
create function public.job_provider_event(
    p_job_id uuid,
    p_provider_job_id text,
    p_status text,
    p_phase text default null,
    p_progress integer default null,
    p_result jsonb default null
) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  v_job public.jobs;
  v_terminal constant boolean := public.job_is_terminal(p_status);
begin
  -- The lock makes simultaneous deliveries of one event take turns.
  select * into v_job from public.jobs where id = p_job_id for update;
  if v_job.id is null then
    return jsonb_build_object('found', false, 'changed', false, 'job', null);
  end if;
  if public.job_is_terminal(v_job.status) or not (
    v_terminal
    or (p_status = 'running' and v_job.status in ('queued', 'submitted'))
    or (p_status = 'running' and coalesce(p_progress, 0) > v_job.progress)
  ) then
    return jsonb_build_object('found', true, 'changed', false, 'job', to_jsonb(v_job));
  end if;
  update public.jobs as job set
    status = p_status,
    provider_job_id = coalesce(job.provider_job_id, p_provider_job_id),
    phase = case when v_terminal then null else coalesce(p_phase, job.phase) end,
    progress = case
      when p_status = 'completed' then 100 else greatest(job.progress, coalesce(p_progress, 0))
    end,
    result = coalesce(p_result, job.result),
    started_at = coalesce(job.started_at, now()),
    finished_at = case when v_terminal then now() end
  where job.id = p_job_id
  returning * into v_job;
  return jsonb_build_object('found', true, 'changed', true, 'job', to_jsonb(v_job));
end;
$$;

-- A null user may cancel any job; a user only their own. changed is false where the job had already ended.
create function public.job_cancel(p_job_id uuid, p_user_id uuid default null) returns jsonb
language plpgsql volatile
set search_path = ''
as $$
declare
  v_job public.jobs;
begin
  select * into v_job from public.jobs where id = p_job_id for update;
  if v_job.id is null or (p_user_id is not null and v_job.user_id is distinct from p_user_id) then
    return jsonb_build_object('found', false, 'changed', false, 'job', null);
  end if;
  if public.job_is_terminal(v_job.status) then
    return jsonb_build_object('found', true, 'changed', false, 'job', to_jsonb(v_job));
  end if;
  update public.jobs as job set status = 'cancelled', phase = null, finished_at = now()
  where job.id = p_job_id
  returning * into v_job;
  return jsonb_build_object('found', true, 'changed', true, 'job', to_jsonb(v_job));
end;
$$;

create function public.event_record(p_type text, p_payload jsonb) returns bigint
language sql volatile
set search_path = ''
as $$
  insert into public.events (type, payload) values (p_type, p_payload) returning id;
$$;

-- Seconds waited and rendered as p50, p95, p99, of jobs that ended in the last 24 hours; counts are of all jobs.
create function public.job_metrics() returns jsonb
language sql stable
set search_path = ''
as $$
  with counts as (
    select coalesce(jsonb_object_agg(by_status.status, by_status.jobs), '{}'::jsonb) as by_state
    from (select job.status, count(*) as jobs from public.jobs as job group by job.status) as by_status
  ),
  ended as (
    select
      job.status,
      extract(epoch from job.started_at - job.created_at)::double precision as queued_for,
      extract(epoch from job.finished_at - job.started_at)::double precision as rendered_for
    from public.jobs as job
    where
      job.status in ('completed', 'failed', 'timed_out')
      and job.finished_at > now() - interval '24 hours'
  )
  select jsonb_build_object(
    'jobs', (select counts.by_state from counts),
    'success_rate', (
      select round(avg((ended.status = 'completed')::int), 4) from ended
    ),
    'queue_seconds', (
      select to_jsonb(percentile_cont(array[0.5, 0.95, 0.99]) within group (order by ended.queued_for)) from ended
    ),
    'render_seconds', (
      select to_jsonb(percentile_cont(array[0.5, 0.95, 0.99]) within group (order by ended.rendered_for)) from ended
    )
  );
$$;

revoke execute on function
public.job_is_terminal(text),
public.job_create(uuid, text, jsonb),
public.job_submitted(uuid, text, text, text, jsonb),
public.job_get(text, uuid),
public.job_list(uuid, text, text, integer, timestamptz, uuid),
public.job_provider_event(uuid, text, text, text, integer, jsonb),
public.job_cancel(uuid, uuid),
public.event_record(text, jsonb),
public.job_metrics()
from public, anon, authenticated;

grant execute on function
public.job_is_terminal(text),
public.job_create(uuid, text, jsonb),
public.job_submitted(uuid, text, text, text, jsonb),
public.job_get(text, uuid),
public.job_list(uuid, text, text, integer, timestamptz, uuid),
public.job_provider_event(uuid, text, text, text, integer, jsonb),
public.job_cancel(uuid, uuid),
public.event_record(text, jsonb),
public.job_metrics()
to service_role;
