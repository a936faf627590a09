"""Creating jobs from many clients at once: one call, or the same rules as statements of the client's own."""

from __future__ import annotations

import asyncio
import json
import statistics
import time
import uuid
from typing import TYPE_CHECKING, Any, LiteralString

import psycopg

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from bench.postgres import Server

    Create = Callable[[psycopg.AsyncConnection[Any], uuid.UUID, str], Awaitable[None]]

CLIENTS = 64
PAYLOAD = json.dumps({"prompt": "a lighthouse", "num_images": 1, "duration_seconds": 5})
PREPARE = """
update public.plans set max_unfinished_jobs = 1000000;
insert into public.accounts (user_id) select md5('user' || n)::uuid from generate_series(0, 999) as n;
insert into public.credit_ledger (user_id, amount, reason)
select user_id, 1000000, 'grant' from public.accounts;
"""
# Where the client keeps the rules, the database does not.
WITHOUT_RULES = """
drop trigger job_is_paid_for on public.jobs;
drop trigger job_holds_credits on public.jobs;
drop trigger credit_ledger_moves_balance on public.credit_ledger;
"""
CALL = "select public.job_create(%s, 'image', %s, %s, 'hash')"
ACCOUNT = "select plan, credits from public.accounts where user_id = %s for no key update"
USED = "select job_id from public.idempotency_keys where user_id = %s and key = %s"
ALLOWED = "select max_unfinished_jobs from public.plans where name = %s"
UNFINISHED = "select count(*) from public.jobs where user_id = %s and finished_at is null"
PRICE = "select credits from public.prices where kind = 'image'"
INSERT = """
insert into public.jobs (user_id, kind, payload, credits) values (%s, 'image', %s, %s) returning *
"""
HOLD = "insert into public.credit_ledger (user_id, amount, reason, job_id) values (%s, %s, 'hold', %s)"
PAY = "update public.accounts set credits = credits - %s where user_id = %s"
KEEP = """
insert into public.idempotency_keys (user_id, key, request_hash, job_id) values (%s, %s, 'hash', %s)
"""


class RefusedError(Exception):
    """A job was not created: nothing would be measured."""


async def call(connection: psycopg.AsyncConnection[Any], user: uuid.UUID, key: str) -> None:
    """Create a job as the API does."""
    [answer] = await _row(connection, CALL, user, PAYLOAD, key)
    if answer["outcome"] != "created":
        raise RefusedError(answer)


async def state(connection: psycopg.AsyncConnection[Any], user: uuid.UUID, key: str) -> None:
    """Create a job by the same rules, each a statement."""
    async with connection.transaction():
        plan, balance = await _row(connection, ACCOUNT, user)
        used = await (await connection.execute(USED, (user, key))).fetchone()
        [allowed] = await _row(connection, ALLOWED, plan)
        [unfinished] = await _row(connection, UNFINISHED, user)
        [price] = await _row(connection, PRICE)
        if used or unfinished >= allowed or price > balance:
            raise RefusedError(key)
        [job, *_] = await _row(connection, INSERT, user, PAYLOAD, price)
        await connection.execute(HOLD, (user, -price, job))
        await connection.execute(PAY, (price, user))
        await connection.execute(KEEP, (user, key, job))


async def _row(connection: psycopg.AsyncConnection[Any], query: LiteralString, *values: Any) -> Any:
    return await (await connection.execute(query, values)).fetchone()


def compare(server: Server, rounds: int, seconds: float, say: Callable[[str], None]) -> dict[str, float]:
    """Give the jobs a second of both ways, and the median of the rounds' ratios."""
    with server.connect("called") as called, server.connect("stated") as stated:
        for connection in (called, stated):
            connection.execute(PREPARE)
        stated.execute(WITHOUT_RULES)
    rates: dict[str, list[float]] = {"called": [], "stated": []}
    for number in range(rounds):
        for name, create in (("called", call), ("stated", state)):
            rates[name].append(asyncio.run(_rate(server.address(name), create, seconds)))
        say(f"creating jobs: round {number + 1} of {rounds}")
    ratio = statistics.median(one / other for one, other in zip(*rates.values(), strict=True))
    return {**{name: statistics.median(found) for name, found in rates.items()}, "ratio": ratio}


async def _rate(address: str, create: Create, seconds: float) -> float:
    connect = psycopg.AsyncConnection.connect
    connections = [await connect(address, autocommit=True) for _ in range(CLIENTS)]
    rows = await connections[0].execute("select user_id from public.accounts")
    users = [user for [user] in await rows.fetchall()]
    began = time.perf_counter()

    async def client(number: int, connection: psycopg.AsyncConnection[Any]) -> int:
        made = 0
        while time.perf_counter() - began < seconds:
            user = users[(number + made * CLIENTS) % len(users)]
            await create(connection, user, uuid.uuid4().hex)
            made += 1
        return made

    made = await asyncio.gather(*(client(number, one) for number, one in enumerate(connections)))
    passed = time.perf_counter() - began
    for connection in connections:
        await connection.close()
    return sum(made) / passed
