-- What holds for every job whoever writes it: the API, a user through PostgREST, a person in the SQL editor.

alter table public.jobs
add column credits integer not null default 0 check (credits >= 0), -- held when the job was made
add column checked_at timestamptz not null default now(); -- when its state was last heard of or asked for

create index jobs_unfinished_of_user on public.jobs (user_id) where finished_at is null;
create index jobs_unfinished_checked on public.jobs (checked_at) where finished_at is null;
create index jobs_newest_of_user_and_kind on public.jobs (user_id, kind, created_at desc, id desc);

create table public.media_files (
    id uuid primary key default gen_random_uuid(),
    job_id uuid not null references public.jobs on delete cascade,
    user_id uuid,
    ordinal smallint not null,
    key text unique, -- in our storage
    url text, -- where the renderer keeps its files elsewhere
    content_type text,
    format text,
    size_bytes bigint check (size_bytes >= 0),
    width integer check (width > 0),
    height integer check (height > 0),
    duration_seconds double precision check (duration_seconds >= 0),
    sha256 text,
    description text,
    created_at timestamptz not null default now(),
    constraint media_files_order unique (job_id, ordinal),
    constraint media_files_is_somewhere check (key is not null or url is not null),
    -- A renderer that names another job's file does not get it.
    constraint media_files_of_own_job check (key like 'media/' || job_id || '/%')
);

comment on table public.media_files is 'What a completed job made, in the order that the renderer reported.';

create index media_files_of_user on public.media_files (user_id, created_at desc);

create table public.notifications (
    id uuid primary key default gen_random_uuid(),
    user_id uuid not null,
    job_id uuid not null unique references public.jobs on delete cascade, -- a job ends once
    type text not null check (type in ('job_completed', 'job_failed')),
    message text not null,
    read_at timestamptz,
    created_at timestamptz not null default now()
);

comment on table public.notifications is 'What a user is told when a job ends; made in the transaction that ends it.';

create index notifications_newest_of_user on public.notifications (user_id, created_at desc, id desc);

-- One answer a key for 24 hours: a client that did not hear the first asks again and gets the same job.
create table public.idempotency_keys (
    user_id uuid not null,
    key text not null,
    request_hash text not null,
    job_id uuid not null references public.jobs on delete cascade,
    created_at timestamptz not null default now(),
    primary key (user_id, key)
);

create index idempotency_keys_of_job on public.idempotency_keys (job_id);

-- Kept for good: a delivery that comes back after a year still changes nothing.
create table public.webhook_deliveries (
    job_id uuid not null references public.jobs on delete cascade,
    fingerprint text not null,
    received_at timestamptz not null default now(),
    primary key (job_id, fingerprint)
);

-- How many units a job asks for: images, or seconds of video; one where its payload does not say.
create function public.job_units(p_kind text, p_payload jsonb) returns integer
language plpgsql
stable
set search_path = ''
as $$
declare
    v_field constant text := (
        select case p.unit when 'image' then 'num_images' else 'duration_seconds' end
        from public.prices as p where p.kind = p_kind
    );
    v_units constant jsonb := coalesce(nullif(p_payload -> v_field, 'null'), '1');
begin
    if jsonb_typeof(v_units) <> 'number' or v_units::text !~ '^[1-9][0-9]{0,3}$' then
        raise exception '% must be a whole number from 1 to 9999, not %', v_field, v_units
            using errcode = 'invalid_parameter_value';
    end if;
    return v_units::integer;
end
$$;

create function public.job_price(p_kind text, p_payload jsonb) returns integer
language sql
stable
set search_path = ''
as $$
    select p.credits * public.job_units(p_kind, p_payload) from public.prices as p where p.kind = p_kind;
$$;

-- The SQLSTATEs are this application's own: AG402 and AG429 for what HTTP says with 402 and 429.
create function public.job_is_paid_for() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_account public.accounts := public.account_locked(new.user_id);
    v_allowed integer := (select p.max_unfinished_jobs from public.plans as p where p.name = v_account.plan);
begin
    new.credits := public.job_price(new.kind, new.payload);
    if (select count(*) from public.jobs as j where j.user_id = new.user_id and j.finished_at is null) >= v_allowed then
        raise exception 'at most % jobs may be unfinished', v_allowed using errcode = 'AG429';
    end if;
    if v_account.credits < new.credits then
        raise exception 'the job costs % credits, % are left', new.credits, v_account.credits using errcode = 'AG402';
    end if;
    return new;
end
$$;

create trigger job_is_paid_for
before insert on public.jobs
for each row when (new.user_id is not null and new.finished_at is null)
execute function public.job_is_paid_for();

create function public.job_holds_credits() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.credit_ledger (user_id, amount, reason, job_id)
    values (new.user_id, -new.credits, 'hold', new.id);
    return null;
end
$$;

create trigger job_holds_credits
after insert on public.jobs
for each row when (new.user_id is not null and new.finished_at is null)
execute function public.job_holds_credits();

-- What stays paid of a completed job, of what was held for it: images by the piece, a video as a whole.
create function public.job_price_of_made(p_job public.jobs, p_files integer) returns integer
language sql
stable
set search_path = ''
as $$
    select case p_job.kind
        when 'image' then least(p_job.credits, p_job.credits * p_files / public.job_units('image', p_job.payload))
        else p_job.credits
    end;
$$;

-- However a job ends: what was not made is paid back, and its user is told, unless the user ended it.
create function public.job_is_settled() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_word constant text := case new.kind when 'image' then 'image' else 'vidéo' end;
    v_files constant integer := (select count(*) from public.media_files as f where f.job_id = new.id);
    v_refund integer := new.credits;
begin
    if new.status = 'completed' then
        v_refund := new.credits - public.job_price_of_made(new, v_files);
    end if;
    if v_refund > 0 then
        insert into public.credit_ledger (user_id, amount, reason, job_id)
        values (new.user_id, v_refund, 'refund', new.id);
    end if;
    if new.status = 'completed' then
        insert into public.notifications (user_id, job_id, type, message)
        values (new.user_id, new.id, 'job_completed', format('%s %s(s) générée(s) avec succès', v_files, v_word));
    elsif new.status in ('failed', 'timed_out', 'error') then
        insert into public.notifications (user_id, job_id, type, message)
        values (
            new.user_id, new.id, 'job_failed',
            format('La génération de votre %s a échoué ; %s crédit(s) remboursé(s)', v_word, new.credits)
        );
    end if;
    return null;
end
$$;

create trigger job_is_settled
after update on public.jobs
for each row when (new.user_id is not null and old.finished_at is null and new.finished_at is not null)
execute function public.job_is_settled();

create function public.job_deleted_is_refunded() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    insert into public.credit_ledger (user_id, amount, reason, job_id)
    values (old.user_id, old.credits, 'refund', old.id);
    return null;
end
$$;

create trigger job_deleted_is_refunded
after delete on public.jobs
for each row when (old.user_id is not null and old.finished_at is null and old.credits > 0)
execute function public.job_deleted_is_refunded();

-- No trigger of a row would see it.
revoke truncate on public.jobs from service_role;

alter table public.media_files enable row level security;
alter table public.notifications enable row level security;
alter table public.idempotency_keys enable row level security;
alter table public.webhook_deliveries enable row level security;

create policy media_owner_can_read on public.media_files
for select to authenticated using (user_id = (select auth.uid()));
create policy notification_owner_can_read on public.notifications
for select to authenticated using (user_id = (select auth.uid()));
create policy service_role_all_media on public.media_files for all to service_role using (true) with check (true);
create policy service_role_all_notifications on public.notifications
for all to service_role using (true) with check (true);
create policy service_role_all_keys on public.idempotency_keys for all to service_role using (true) with check (true);
create policy service_role_all_deliveries on public.webhook_deliveries
for all to service_role using (true) with check (true);

revoke all on public.media_files, public.notifications, public.idempotency_keys, public.webhook_deliveries
from anon, authenticated;
grant select on public.media_files, public.notifications to authenticated;
grant all on public.media_files, public.notifications, public.idempotency_keys, public.webhook_deliveries
to service_role;
