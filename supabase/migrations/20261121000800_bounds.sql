-- What grows without end otherwise: keys that nobody may use again, and payloads that a user inserts directly.

create index idempotency_keys_by_age on public.idempotency_keys (created_at);

-- As before, and expired keys go: it is called each minute, and a job's creation need not pay for it.
create or replace function public.jobs_claim_silent(
    p_limit integer default 20, p_silent_seconds integer default 120
) returns jsonb
language sql
set search_path = ''
as $$
    with forgotten as (
        delete from public.idempotency_keys where created_at <= now() - interval '24 hours'
    ),
    silent as (
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

-- As long as the API's own bodies may be (JSON_LIMIT). Not a check constraint: that would refuse every later
-- change of a longer row that is there already, and so its end.
create function public.job_payload_is_short() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    raise exception 'the payload is longer than 65536 bytes' using errcode = 'check_violation';
end
$$;

revoke execute on function public.job_payload_is_short() from public, anon, authenticated;

create trigger job_payload_is_short before insert or update of payload on public.jobs
for each row when (octet_length(new.payload::text) > 65536) execute function public.job_payload_is_short();
