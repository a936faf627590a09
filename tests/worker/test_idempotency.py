"""A key under which a client asks: the same answer for a day, and one job."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from api.errors import (
    IdempotencyConflictError,
    InsufficientCreditsError,
    ProviderError,
)
from api.ports import Idempotency
from api.usecases import jobs
from api.usecases.submission import submit
from tests.worker.asking import OTHER, USER
from tests.worker.memory_platform import Platform
from tests.worker.memory_provider import unreachable
from tests.worker.submissions import IMAGES, VIDEO, Submissions

if TYPE_CHECKING:
    from api.settings import Settings


KEY = Idempotency("order-17", "hash of the wish")
DAY = 86_400


async def test_the_same_key_gives_the_same_job_and_is_paid_once(world: Submissions) -> None:
    first = await world.submit(key=KEY)
    world.database.calls.clear()
    again = await world.submit(key=KEY)
    assert (again.job_id, again.provider, again.provider_job_id, again.stored) == (
        first.job_id,
        first.provider,
        first.provider_job_id,
        first.stored,
    )
    assert world.database.calls == ["create"]
    assert len(world.provider.orders) == 1
    assert await world.credits() == 70


async def test_many_calls_with_one_key_at_once_make_one_job(world: Submissions) -> None:
    answers = await asyncio.gather(*(world.submit(key=KEY) for _ in range(20)))
    assert len({answer.job_id for answer in answers}) == 1
    assert len(world.provider.orders) == 1
    assert await world.credits() == 70


async def test_a_replay_of_a_failed_submission_fails_alike_and_tries_nothing_again(
    world: Submissions,
) -> None:
    world.provider.refusal = unreachable()
    told = []
    for _ in range(2):
        with pytest.raises(ProviderError) as refused:
            await world.submit(key=KEY)
        told.append((refused.value.message, refused.value.code, refused.value.details))
        world.provider.refusal = None
    assert told[0] == told[1]
    assert world.provider.orders == {}
    assert await world.credits() == 75


async def test_a_job_that_failed_later_is_still_the_answer(world: Submissions) -> None:
    first = await world.submit(key=KEY)
    await jobs.cancel(world.core, first.job_id, USER)
    assert (await world.submit(key=KEY)).job_id == first.job_id


async def test_without_a_provider_a_replay_says_so_too(settings: Settings, world: Submissions) -> None:
    core = Platform(settings, database=world.database).core
    first = await submit(core, VIDEO, USER, KEY)
    assert (first.provider, first.provider_job_id) == ("noop", None)
    assert await submit(core, VIDEO, USER, KEY) == first
    assert await world.credits() == 75


async def test_a_key_stands_for_one_request(world: Submissions) -> None:
    await world.submit(key=KEY)
    with pytest.raises(IdempotencyConflictError) as refused:
        await world.submit(IMAGES, key=Idempotency(KEY.key, "hash of another wish"))
    assert (refused.value.status, refused.value.code) == (409, "idempotency_conflict")
    assert len(world.provider.orders) == 1
    assert await world.credits() == 70


async def test_a_key_is_one_users_own_and_lives_a_day(world: Submissions) -> None:
    first = await world.submit(key=KEY)
    other = await world.submit(user_id=OTHER, key=KEY)
    world.database.now += DAY
    next_day = await world.submit(key=KEY)
    assert len({first.job_id, other.job_id, next_day.job_id}) == 3


async def test_a_refused_request_uses_no_key_up(world: Submissions) -> None:
    world.database.ledger.set(USER, 0)
    with pytest.raises(InsufficientCreditsError):
        await world.submit(key=KEY)
    world.database.ledger.set(USER, 75)
    assert (await world.submit(key=KEY)).job_id in world.database.jobs
