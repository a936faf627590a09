"""What the API asks at every request reads a few rows from indexes, however many jobs there are."""

from __future__ import annotations

import uuid
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    import psycopg

    from tests.supabase.conftest import Database

USERS = 100
ROWS = 20_000  # the planner reads smaller tables whole, rightly
USER = str(uuid.UUID(int=7))  # one of them: 200 finished jobs
# A page is 20 jobs, and as many files; a claim 20 jobs, each read and then updated.
MOST_ROWS = 60
READ = """
    select relname, seq_scan, idx_tup_fetch from pg_stat_xact_user_tables
    where relname in ('jobs', 'media_files', 'notifications', 'credit_ledger', 'accounts')
"""
FILLED = f"""
    insert into public.jobs (user_id, kind, status, created_at, finished_at)
    select
        lpad(to_hex(n % {USERS}), 32, '0')::uuid, case when n > {ROWS} / 2 then 'image' else 'video' end,
        'completed', t, t
    from (select n, now() - n * interval '1s' as t from generate_series(1, {ROWS}) as n) as made;
    insert into public.jobs (status, created_at)
    select 'running', now() - interval '1 year' from generate_series(1, 2000);
    insert into public.media_files (job_id, user_id, ordinal, key)
    select id, user_id, 0, 'media/' || id || '/0.png' from public.jobs where status = 'completed';
    insert into public.notifications (user_id, job_id, type, message)
    select user_id, id, 'job_completed', 'x' from public.jobs where status = 'completed';
    insert into public.accounts (user_id)
    select lpad(to_hex(n), 32, '0')::uuid from generate_series(0, {ROWS}) as n;
    insert into public.credit_ledger (user_id, amount, reason)
    select user_id, 75, 'grant' from public.accounts;
    analyze;
"""  # noqa: S608 - constants


@pytest.fixture(scope="module")
def full(database: Database) -> Database:
    """Finished jobs of many users, each with its notification and file, and 2,000 that run.

    Images and what runs are old: pages of them are not at the top of another order.
    """
    database.connection.execute(FILLED)
    return database


@contextmanager
def _reading_little(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """Assert that no table is read whole, and few rows of each by index."""
    before = {name: counts for name, *counts in connection.execute(READ)}  # may hold what is not flushed yet
    yield
    for name, *counts in connection.execute(READ):
        scans, rows = (now - then for now, then in zip(counts, before[name], strict=True))
        assert (name, scans) == (name, 0)
        assert (name, max(rows, MOST_ROWS)) == (name, MOST_ROWS)


@pytest.mark.parametrize(
    ("function", "arguments"),
    [
        ("job_create", (USER, "image", "{}", "key", "hash")),
        ("job_list", (USER,)),
        ("job_list", (USER, None, "image")),
        ("job_list", (USER, None, "image", 20, "2026-01-01", uuid.UUID(int=5))),
        ("job_list", (None, "running")),
        ("job_list", ()),
        ("job_get", (str(uuid.UUID(int=5)), USER)),
        ("job_get", ("a provider's id", None)),
        ("job_provider_event", (uuid.UUID(int=5), None, "completed")),
        ("job_cancel", (uuid.UUID(int=5), USER)),
        ("jobs_claim_silent", (20, 120)),
        ("account_get", (USER,)),
        ("notification_list", (USER,)),
        ("notification_read", (USER, uuid.UUID(int=5))),
    ],
)
def test_a_call_reads_few_rows(full: Database, function: str, arguments: tuple[Any, ...]) -> None:
    places = ", ".join(["%s"] * len(arguments))
    with full.acting("service_role") as connection, _reading_little(connection):
        connection.execute(f"select public.{function}({places})", arguments)


@pytest.mark.parametrize("table", ["jobs", "media_files", "notifications", "accounts", "credit_ledger"])
def test_a_users_own_page_reads_few_rows(full: Database, table: str) -> None:
    order = "id desc" if table == "credit_ledger" else "created_at desc"
    with full.acting("authenticated", USER) as connection, _reading_little(connection):
        connection.execute(f"select * from public.{table} order by {order} limit 20")  # noqa: S608 - constants
