-- What a job was made on stays: a refund goes to the user who paid and is what was paid, whoever edits the row.

create function public.job_terms_are_final() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    raise exception 'the user, kind and credits of job % cannot change', old.id
        using errcode = 'restrict_violation',
        hint = 'Cancel the job and create another; correct a balance with account_set.';
end
$$;

create trigger job_terms_are_final
before update on public.jobs
for each row when (
    (new.id, new.user_id, new.kind, new.credits) is distinct from (old.id, old.user_id, old.kind, old.credits)
)
execute function public.job_terms_are_final();

revoke execute on function public.job_terms_are_final() from public, anon, authenticated, service_role;

-- Supabase's default privileges gave them the sequence; an identity column needs nobody to have it.
revoke all on sequence public.credit_ledger_id_seq from anon, authenticated, service_role;
