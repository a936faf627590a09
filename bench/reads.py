"""The reads that users wait for, at two numbers of jobs."""

from __future__ import annotations

import random
import statistics
import time
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable

    import psycopg

    from bench.postgres import Server

USERS = 1_000
CHUNK = 250_000
CALLS = 300  # of each query, a round
# As many as a user of the small database has: a longer page would measure its own length.
GALLERY = "select public.job_list(%s, 'completed', 'image', 9)"
# Row after row by the triggers would take hours; the sums are made right at the end.
CHUNK_SQL = """
with made as (
    insert into public.jobs (
        user_id, kind, status, progress, provider, provider_job_id, payload, result, credits, created_at,
        submitted_at, started_at, finished_at
    )
    select
        md5('user' || n %% %(users)s)::uuid, case when n %% 4 = 0 then 'video' else 'image' end,
        case when n %% 20 = 0 then 'failed' else 'completed' end, 100, 'runpod', 'rp-' || n,
        '{"prompt": "a lighthouse in the fog, oil on canvas", "num_images": 1, "duration_seconds": 5}',
        '{"executionTime": 1200}', 1, at, at, at, at + interval '3s'
    from
        generate_series(%(first)s::int, %(last)s::int) as n,
        lateral (select now() - n * interval '1s' as at) as t
    returning id, user_id, created_at
)
insert into public.media_files (job_id, user_id, ordinal, key, content_type, size_bytes, created_at)
select id, user_id, 0, 'media/' || id || '/0.png', 'image/png', 100000, created_at from made
"""
BOOKS_SQL = """
insert into public.accounts (user_id, credits) select user_id, 1000 from public.jobs group by user_id;
insert into public.credit_ledger (user_id, amount, reason, job_id)
select user_id, -1, 'hold', id from public.jobs;
insert into public.credit_ledger (user_id, amount, reason)
select user_id, 1000 + count(*), 'adjustment' from public.jobs group by user_id;
"""


def fill(server: Server, database: str, jobs: int, say: Callable[[str], None]) -> None:
    """Insert finished jobs with a file each, and books that add up."""
    began = time.monotonic()
    with server.connect(database, "supabase_admin") as connection:
        connection.execute("set session_replication_role = replica")  # without triggers
        for first in range(0, jobs, CHUNK):
            last = min(first + CHUNK, jobs) - 1
            connection.execute(CHUNK_SQL, {"users": USERS, "first": first, "last": last})
            say(f"{database}: {last + 1:,} of {jobs:,} jobs, {time.monotonic() - began:.0f} s")
        connection.execute(BOOKS_SQL)
        connection.execute("vacuum (analyze)")


def compare(
    server: Server, small: str, large: str, rounds: int, say: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    """Give each query's p99 in milliseconds in both databases, and their ratio."""
    times: dict[tuple[str, str], list[float]] = {}
    with server.connect(small) as first, server.connect(large) as second:
        queries = {small: _queries(first), large: _queries(second)}
        for number in range(rounds + 1):  # the first one warms
            for name, connection in sorted(((small, first), (large, second)), reverse=number % 2 == 0):
                for query, ask in queries[name].items():
                    taken = _times(connection, ask)
                    if number:
                        times.setdefault((query, name), []).extend(taken)
            say(f"reads: round {number} of {rounds}")
    return {query: _row(times[query, small], times[query, large]) for query in queries[small]}


Ask = tuple[str, list[Any]]


def _queries(connection: psycopg.Connection[Any]) -> dict[str, Ask]:
    """Give each query with arguments to choose from: all users, and jobs spread over all times."""
    users = connection.execute("select user_id from public.accounts order by user_id").fetchall()
    jobs = connection.execute(
        "select id::text, user_id from public.jobs where provider_job_id = any(%s)", (_spread(connection),)
    ).fetchall()
    return {
        "gallery page": (GALLERY, users),
        "job status": ("select public.job_get(%s, %s)", jobs),
        "credits": ("select public.account_get(%s)", users),
    }


def _spread(connection: psycopg.Connection[Any]) -> list[str]:
    [(jobs,)] = connection.execute("select count(*) from public.jobs").fetchall()
    return [f"rp-{number * jobs // 2000}" for number in range(2000)]


def _times(connection: psycopg.Connection[Any], ask: Ask) -> list[float]:
    query, arguments = ask
    chooser = random.Random(7)  # noqa: S311 - the same choice in each round
    taken = []
    for _ in range(CALLS):
        chosen = chooser.choice(arguments)
        began = time.perf_counter()
        connection.execute(query, chosen).fetchone()
        taken.append((time.perf_counter() - began) * 1000)
    return taken


def _row(small: list[float], large: list[float]) -> dict[str, float]:
    p99 = [statistics.quantiles(times, n=100)[98] for times in (small, large)]
    p50 = [statistics.median(times) for times in (small, large)]
    return {"small": p99[0], "large": p99[1], "ratio": p99[1] / p99[0], "p50_ratio": p50[1] / p50[0]}
