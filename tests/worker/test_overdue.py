"""Jobs that outlive their time, and runs that would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from api.domain.job import State
from api.usecases.reconciliation import BATCH, RUN_SECONDS, Settled, run
from tests.worker.memory_provider import unreachable
from tests.worker.silence import HOLD, REFUND, SILENCE, Silence

if TYPE_CHECKING:
    from api.settings import Settings


DAY, EXECUTION = 86_400, 600


@pytest.fixture
def world(settings: Settings) -> Silence:
    return Silence(settings)


@pytest.mark.parametrize("told", [unreachable(), {"status": "ON_HOLIDAY"}])
async def test_a_job_whose_end_is_never_told_ends_with_its_time_and_is_paid_back(
    world: Silence, told: Any
) -> None:
    job_id = await world.silent(told)
    world.platform.clock.now += DAY
    assert await run(world.core) == Settled(1, 0, 1)
    world.database.now += SILENCE
    world.platform.clock.now += EXECUTION + SILENCE
    assert await run(world.core) == Settled(1, 1, 0)
    assert world.job(job_id).status is State.TIMED_OUT
    assert world.paid(job_id) == [HOLD, REFUND]
    assert world.told == ["job_failed"]


@pytest.mark.parametrize("word", ["IN_QUEUE", "IN_PROGRESS"])
async def test_a_job_that_never_ends_is_ended_at_the_provider_too(world: Silence, word: str) -> None:
    job_id = await world.silent({"status": word})
    world.platform.clock.now += DAY + EXECUTION + SILENCE
    assert await run(world.core) == Settled(1, 1, 0)
    assert world.job(job_id).status is State.TIMED_OUT
    assert world.paid(job_id) == [HOLD, REFUND]
    assert world.provider.cancelled == ["rp-1"]


async def test_an_end_that_is_told_late_still_counts(world: Silence) -> None:
    job_id = await world.silent({"status": "FAILED", "error": "out of memory"})
    world.platform.clock.now += 2 * DAY
    assert await run(world.core) == Settled(1, 1, 0)
    assert world.job(job_id).status is State.FAILED


async def test_a_run_ends_before_the_next_though_the_provider_hangs(world: Silence) -> None:
    async def hang(provider_job_id: str) -> None:
        world.provider.asked.append(provider_job_id)
        world.platform.clock.now += RUN_SECONDS + 1
        raise unreachable()

    for _ in range(BATCH + 1):
        await world.silent(None, None)
    world.provider.status = hang  # type: ignore[method-assign]  # one method of this one provider
    assert await run(world.core) == Settled(BATCH, 0, BATCH)
    world.provider.asked.clear()
    await run(world.core)
    assert world.provider.asked == [f"rp-{BATCH + 1}"]  # not the first ones again


async def test_a_run_gets_round_more_jobs_than_are_claimed_at_once(world: Silence) -> None:
    for _ in range(3 * BATCH):
        await world.silent({"status": "FAILED"}, None)
    assert await run(world.core) == Settled(3 * BATCH, 3 * BATCH, 0)
