-- What grows without end otherwise: keys that nobody may use again, and payloads that a user inserts directly.

create index idempotency_keys_by_age on public.idempotency_keys (user_id, created_at);

-- A key counts for 24 hours; a user's next one takes the user's expired ones along.
create function public.idempotency_keys_forget() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    delete from public.idempotency_keys
    where user_id = new.user_id and created_at <= now() - interval '24 hours';
    return null;
end
$$;

revoke execute on function public.idempotency_keys_forget() from public, anon, authenticated;

create trigger idempotency_keys_forget after insert on public.idempotency_keys
for each row execute function public.idempotency_keys_forget();

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
