-- Credits: a ledger that only grows, whose sum is the balance. Nobody writes a balance; it follows the ledger.

create table public.plans (
    name text primary key,
    credits integer not null check (credits >= 0), -- granted once, to a new user
    max_unfinished_jobs integer not null check (max_unfinished_jobs > 0)
);

comment on table public.plans is 'What users buy: the credits they start with and how many jobs may wait at once.';

insert into public.plans (name, credits, max_unfinished_jobs)
values ('starter', 75, 5), ('pro', 500, 5), ('studio', 2000, 5);

create table public.prices (
    kind text primary key check (kind in ('image', 'video')),
    credits integer not null check (credits > 0), -- for one unit
    unit text not null check (unit in ('image', 'second'))
);

comment on table public.prices is 'What one unit of each kind of job costs, in credits.';

insert into public.prices (kind, credits, unit) values ('image', 1, 'image'), ('video', 1, 'second');

create table public.accounts (
    user_id uuid primary key,
    plan text not null default 'starter' references public.plans,
    credits integer not null default 0 constraint accounts_credits_not_negative check (credits >= 0),
    created_at timestamptz not null default now()
);

comment on table public.accounts is 'One row a user, made when first seen; credits is the sum of the ledger.';

create table public.credit_ledger (
    id bigint generated always as identity primary key,
    user_id uuid not null references public.accounts,
    amount integer not null check (amount <> 0),
    reason text not null check (reason in ('grant', 'hold', 'refund', 'adjustment')),
    job_id uuid, -- no foreign key: what was paid stays known when the job is deleted
    created_at timestamptz not null default now(),
    -- A job is paid once and given back once.
    constraint credit_ledger_once_a_job unique (job_id, reason),
    constraint credit_ledger_of_a_job check ((job_id is not null) = (reason in ('hold', 'refund')))
);

comment on table public.credit_ledger is 'Every movement of credits. Rows are added, never changed.';

create index credit_ledger_of_user on public.credit_ledger (user_id, id desc);

create function public.credit_ledger_is_final() returns trigger
language plpgsql
set search_path = ''
as $$
begin
    raise exception 'the ledger only grows: it cannot be changed by %', lower(tg_op)
        using errcode = 'restrict_violation', hint = 'Correct it with an entry of reason "adjustment".';
end
$$;

create trigger credit_ledger_is_final
before update or delete on public.credit_ledger
for each row execute function public.credit_ledger_is_final();

create trigger credit_ledger_is_not_emptied
before truncate on public.credit_ledger
for each statement execute function public.credit_ledger_is_final();

-- Definer: nobody else may write a balance. Its check refuses what would make it negative.
create function public.credit_ledger_moves_balance() returns trigger
language plpgsql
security definer
set search_path = ''
as $$
begin
    update public.accounts set credits = credits + new.amount where user_id = new.user_id;
    return null;
end
$$;

create trigger credit_ledger_moves_balance
after insert on public.credit_ledger
for each row execute function public.credit_ledger_moves_balance();

-- The user's account, made with its plan's grant where there is none, and locked: what a user spends is decided
-- one request at a time. Definer: a user's own insert into jobs comes here too.
create function public.account_locked(p_user_id uuid) returns public.accounts
language plpgsql
security definer
set search_path = ''
as $$
declare
    v_account public.accounts;
begin
    select * into v_account from public.accounts where user_id = p_user_id for no key update;
    if not found then
        insert into public.accounts (user_id) values (p_user_id) on conflict do nothing;
        if found then
            insert into public.credit_ledger (user_id, amount, reason)
            select p_user_id, p.credits, 'grant' from public.plans as p where p.name = 'starter' and p.credits > 0;
        end if;
        select * into v_account from public.accounts where user_id = p_user_id for no key update;
    end if;
    return v_account;
end
$$;

create function public.account_get(p_user_id uuid) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
    v_account public.accounts;
begin
    select * into v_account from public.accounts where user_id = p_user_id;
    if not found then
        v_account := public.account_locked(p_user_id);
    end if;
    return jsonb_build_object('credits', v_account.credits, 'plan', v_account.plan);
end
$$;

-- For people who operate the platform: sets what is given, leaves the rest.
create function public.account_set(
    p_user_id uuid, p_credits integer default null, p_plan text default null
) returns jsonb
language plpgsql
set search_path = ''
as $$
declare
    v_account public.accounts := public.account_locked(p_user_id);
begin
    if p_credits < 0 then
        raise exception 'credits cannot be negative, % was given', p_credits using errcode = 'invalid_parameter_value';
    end if;
    if p_plan is not null and not exists (select from public.plans where name = p_plan) then
        raise exception 'there is no plan "%"', p_plan
            using errcode = 'invalid_parameter_value',
            hint = (select 'Plans: ' || string_agg(p.name, ', ' order by p.name) from public.plans as p);
    end if;
    update public.accounts set plan = p_plan where user_id = p_user_id and plan <> p_plan;
    if p_credits <> v_account.credits then
        insert into public.credit_ledger (user_id, amount, reason)
        values (p_user_id, p_credits - v_account.credits, 'adjustment');
    end if;
    return public.account_get(p_user_id);
end
$$;

alter table public.plans enable row level security;
alter table public.prices enable row level security;
alter table public.accounts enable row level security;
alter table public.credit_ledger enable row level security;

create policy anyone_can_read_plans on public.plans for select to anon, authenticated using (true);
create policy anyone_can_read_prices on public.prices for select to anon, authenticated using (true);
create policy account_owner_can_read on public.accounts
for select to authenticated using (user_id = (select auth.uid()));
create policy ledger_owner_can_read on public.credit_ledger
for select to authenticated using (user_id = (select auth.uid()));
create policy service_role_all_plans on public.plans for all to service_role using (true) with check (true);
create policy service_role_all_prices on public.prices for all to service_role using (true) with check (true);
create policy service_role_all_accounts on public.accounts for all to service_role using (true) with check (true);
create policy service_role_all_ledger on public.credit_ledger for all to service_role using (true) with check (true);

revoke all on public.plans, public.prices, public.accounts, public.credit_ledger from anon, authenticated, service_role;
grant select on public.plans, public.prices to anon, authenticated;
grant select on public.accounts, public.credit_ledger to authenticated;
grant all on public.plans, public.prices to service_role;
-- Not the balance: it follows the ledger, to which rows are only added.
grant select, update (plan) on public.accounts to service_role;
grant select, insert on public.credit_ledger to service_role;
