-- The job: one row for one image or video someone asked for, written before the GPU provider is called.

create table public.jobs (
    id uuid primary key default gen_random_uuid(),
    user_id uuid, -- null: the admin's. No foreign key: users of other issuers have no row in auth.users
    kind text not null default 'image' check (kind in ('image', 'video')),
    status text not null default 'queued' check (
        status in (
            'queued', 'submitted', 'running',
            'completed', 'failed', 'cancelled', 'timed_out', 'noop', 'error'
        )
    ),
    phase text check (phase in ('initializing', 'generating', 'saving')),
    progress smallint not null default 0 check (progress between 0 and 100),
    provider text,
    provider_job_id text,
    payload jsonb not null default '{}',
    result jsonb,
    created_at timestamptz not null default now(),
    submitted_at timestamptz,
    started_at timestamptz,
    finished_at timestamptz,
    -- Everywhere below, "finished_at is null" is what "not yet terminal" means.
    constraint jobs_finished_is_terminal check (
        (finished_at is not null) = (status not in ('queued', 'submitted', 'running'))
    )
);

comment on table public.jobs is 'One image or video generation, from the request to its result.';

-- A page of one user's jobs, of all jobs, of jobs in one state: newest first, by keyset.
create index jobs_newest_of_user on public.jobs (user_id, created_at desc, id desc);
create index jobs_newest on public.jobs (created_at desc, id desc);
create index jobs_newest_of_status on public.jobs (status, created_at desc, id desc);
-- The provider's own id leads to one job.
create unique index jobs_provider_job_id on public.jobs (provider_job_id) where provider_job_id is not null;
-- Times of the last day's jobs, for the metrics.
create index jobs_finished on public.jobs (finished_at) where finished_at is not null;

create function public.job_terminal_state_is_final() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    raise exception 'job % is % and cannot become %', old.id, old.status, new.status
        using errcode = 'check_violation', hint = 'A terminal state never changes; create a new job.';
end
$$;

create trigger job_terminal_state_is_final
before update of status on public.jobs
for each row when (old.finished_at is not null and new.status is distinct from old.status)
execute function public.job_terminal_state_is_final();

alter table public.jobs enable row level security;

-- "(select auth.uid())" is evaluated once a query; a bare auth.uid() once a row.
create policy job_owner_can_read on public.jobs
for select to authenticated
using (user_id = (select auth.uid()));

create policy job_owner_can_insert on public.jobs
for insert to authenticated
with check (user_id = (select auth.uid()));

create policy service_role_all_jobs on public.jobs
for all to service_role
using (true) with check (true);

-- Owners say what they want made; state, provider and times are the API's to write.
revoke all on public.jobs from anon, authenticated;
grant select on public.jobs to authenticated;
grant insert (user_id, kind, payload) on public.jobs to authenticated;
grant all on public.jobs to service_role;
revoke execute on function public.job_terminal_state_is_final() from public, anon, authenticated;

-- What arrived from outside (webhooks), kept as it came but without secrets.

create table public.events (
    id bigserial primary key,
    type text not null,
    payload jsonb not null default '{}',
    created_at timestamptz not null default now()
);

comment on table public.events is 'Deliveries from outside, newest last; secrets are redacted before they get here.';

alter table public.events enable row level security;

create policy service_role_all_events on public.events
for all to service_role
using (true) with check (true);

create index events_newest on public.events (created_at desc, id desc);

revoke all on public.events from anon, authenticated;
revoke all on sequence public.events_id_seq from anon, authenticated;
grant all on public.events to service_role;
grant usage, select on sequence public.events_id_seq to service_role;
