"""Silent jobs: every kind is settled by one run, or left for the next, and none keeps another."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from api.domain.job import State
from api.errors import UnavailableError
from api.ports import Report
from api.usecases import reports
from api.usecases.reconciliation import CONNECTIONS, Settled, run
from api.usecases.submission import submit
from tests.worker.asking import USER
from tests.worker.memory_platform import Platform
from tests.worker.memory_provider import unreachable
from tests.worker.silence import HOLD, REFUND, SILENCE, Silence
from tests.worker.submissions import VIDEO

if TYPE_CHECKING:
    from api.settings import Settings

LIMIT_OF_CONNECTIONS = 6


@pytest.fixture
def world(settings: Settings) -> Silence:
    return Silence(settings)


async def test_a_job_that_was_never_surely_submitted_ends_as_an_error_and_is_paid_back(
    world: Silence,
) -> None:
    job_id = await world.unrecorded()
    assert await run(world.core) == Settled(claimed=1, changed=1, failed=0)
    assert world.job(job_id).status is State.ERROR
    assert world.job(job_id).result == {"error": "the job was not handed to the provider"}
    assert world.paid(job_id) == [HOLD, REFUND]
    assert world.told == ["job_failed"]
    assert world.provider.asked == []


async def test_a_running_job_whose_provider_id_is_unknown_fails(world: Silence) -> None:
    job_id = await world.unrecorded()
    report = Report(job_id, None, State.RUNNING, "generating", 60, None)
    assert (await reports.complete(world.core, report)).changed
    assert await run(world.core) == Settled(0, 0, 0)  # it was heard of just now
    world.database.now += SILENCE
    assert await run(world.core) == Settled(1, 1, 0)
    assert world.job(job_id).status is State.FAILED
    assert world.paid(job_id) == [HOLD, REFUND]


async def test_a_job_that_still_waits_is_left_alone(world: Silence) -> None:
    job_id = await world.silent({"status": "IN_QUEUE", "delayTime": 5})
    assert await run(world.core) == Settled(1, 0, 0)
    assert world.job(job_id).status is State.SUBMITTED
    assert world.paid(job_id) == [HOLD]


async def test_a_job_that_runs_tells_its_progress(world: Silence) -> None:
    told = {"status": "IN_PROGRESS", "output": {"phase": "generating", "progress": 40}}
    job_id = await world.silent(told)
    assert await run(world.core) == Settled(1, 1, 0)
    job = world.job(job_id)
    assert (job.status, job.phase, job.progress) == (State.RUNNING, "generating", 40)
    world.database.now += SILENCE
    assert await run(world.core) == Settled(1, 0, 0)  # asked again, nothing new
    assert world.job(job_id) == job


async def test_a_job_that_ended_unheard_is_completed_with_its_files(world: Silence) -> None:
    job_id = await world.silent()
    key = f"media/{job_id}/0.mp4"
    files = [{"key": key, "width": 64, "height": 64, "duration_seconds": 5}]
    told = {"status": "COMPLETED", "executionTime": 900, "output": {"files": files}}
    world.provider.states["rp-1"] = told
    assert await run(world.core) == Settled(1, 1, 0)
    job = world.job(job_id)
    assert (job.status, job.progress, [file.key for file in job.media]) == (State.COMPLETED, 100, [key])
    assert world.paid(job_id) == [HOLD]
    assert world.told == ["job_completed"]


@pytest.mark.parametrize(
    ("word", "state", "notifications"),
    [
        ("FAILED", State.FAILED, ["job_failed"]),
        ("TIMED_OUT", State.TIMED_OUT, ["job_failed"]),
        ("CANCELLED", State.CANCELLED, []),
    ],
)
async def test_a_job_that_ended_badly_is_paid_back(
    world: Silence, word: str, state: State, notifications: list[str]
) -> None:
    job_id = await world.silent({"status": word, "error": "out of memory"})
    assert await run(world.core) == Settled(1, 1, 0)
    assert world.job(job_id).status is state
    assert world.job(job_id).result == {"error": "out of memory"}
    assert world.paid(job_id) == [HOLD, REFUND]
    assert world.told == notifications


async def test_a_job_that_the_provider_forgot_fails_with_a_reason(world: Silence) -> None:
    job_id = await world.silent(None)
    assert await run(world.core) == Settled(1, 1, 0)
    assert world.job(job_id).status is State.FAILED
    assert world.job(job_id).result == {"error": "the provider does not know the job any more"}
    assert world.paid(job_id) == [HOLD, REFUND]


@pytest.mark.parametrize(
    "told",
    [
        unreachable(),
        RuntimeError("a bug"),
        {"status": "ON_HOLIDAY"},
        {"status": None},
        {"status": ["COMPLETED"]},
        {},
    ],
)
async def test_what_the_provider_cannot_tell_is_asked_again_and_keeps_no_other_job(
    world: Silence, told: Any
) -> None:
    first = await world.silent({"status": "FAILED"})
    unknown = await world.silent(told)
    last = await world.silent({"status": "FAILED"})
    assert await run(world.core) == Settled(claimed=3, changed=2, failed=1)
    assert [world.job(job_id).status for job_id in (first, unknown, last)] == [
        State.FAILED,
        State.SUBMITTED,
        State.FAILED,
    ]
    assert unknown in world.platform.lines[0]
    assert world.paid(unknown) == [HOLD]
    assert await run(world.core) == Settled(0, 0, 0)  # not at once
    world.database.now += SILENCE
    world.provider.states["rp-2"] = {"status": "FAILED"}
    assert await run(world.core) == Settled(1, 1, 0)
    assert world.paid(unknown) == [HOLD, REFUND]


@pytest.mark.parametrize("down", ["report", "submitted"])
async def test_a_database_that_goes_down_during_a_run_leaves_the_jobs_to_the_next(
    world: Silence, down: str
) -> None:
    job_id = await (world.unrecorded() if down == "submitted" else world.silent(None))
    world.database.down.add(down)
    assert await run(world.core) == Settled(1, 0, 1)
    world.database.down.clear()
    world.database.now += SILENCE
    assert await run(world.core) == Settled(1, 1, 0)
    assert world.paid(job_id) == [HOLD, REFUND]


async def test_without_its_database_a_run_says_so_or_has_nothing_to_do(
    world: Silence, settings: Settings
) -> None:
    world.database.down.add("claim_silent")
    with pytest.raises(UnavailableError):
        await run(world.core)
    assert await run(Platform(settings, provider=world.provider).core) == Settled(0, 0, 0)


async def test_without_a_provider_a_job_that_it_has_is_left_alone(world: Silence, settings: Settings) -> None:
    job_id = await world.silent()
    assert await run(Platform(settings, database=world.database).core) == Settled(1, 0, 1)
    assert world.job(job_id).status is State.SUBMITTED


async def test_only_silent_unfinished_jobs_are_asked_after(world: Silence) -> None:
    ended = await world.silent({"status": "FAILED"})
    await reports.apply(world.core, ended, {"id": "rp-1", "status": "COMPLETED"}, b"1")
    world.database.now += SILENCE
    await submit(world.core, VIDEO, USER)
    world.database.now += SILENCE - 2
    assert await run(world.core) == Settled(0, 0, 0)
    assert world.provider.asked == []
    assert await run(world.core, silent_seconds=30) == Settled(1, 0, 0)


async def test_a_run_takes_the_longest_silent_first_and_no_more_than_it_is_told(world: Silence) -> None:
    silent = [await world.silent({"status": "FAILED"}, None) for _ in range(5)]
    assert await run(world.core, most=2) == Settled(2, 2, 0)
    assert [world.job(job_id).status is State.FAILED for job_id in silent] == [
        True,
        True,
        False,
        False,
        False,
    ]


async def test_a_run_asks_for_many_jobs_at_once_but_keeps_the_runtimes_limit(world: Silence) -> None:
    for _ in range(20):
        await world.silent({"status": "IN_QUEUE"}, None)
    assert await run(world.core) == Settled(20, 0, 0)
    assert world.provider.busiest == CONNECTIONS <= LIMIT_OF_CONNECTIONS


async def test_runs_beside_each_other_settle_each_job_once(world: Silence) -> None:
    silent = [await world.silent(None, None) for _ in range(10)]
    settled = await asyncio.gather(*(run(world.core, most=4) for _ in range(4)))
    assert sum(one.claimed for one in settled) == sum(one.changed for one in settled) == len(silent)
    assert sorted(world.provider.asked) == sorted({f"rp-{index + 1}" for index in range(10)})


async def test_a_report_that_comes_after_all_changes_nothing(world: Silence) -> None:
    job_id = await world.silent(None)
    await run(world.core)
    settled = world.job(job_id)
    files = {"files": [{"key": f"media/{job_id}/0.mp4"}]}
    document = {"id": "rp-1", "status": "COMPLETED", "output": files}
    outcome = await reports.apply(world.core, job_id, document, b"late")
    assert (outcome.found, outcome.changed) == (True, False)
    assert world.job(job_id) == settled
    assert world.paid(job_id) == [HOLD, REFUND]
    assert world.told == ["job_failed"]


async def test_secrets_in_what_the_provider_tells_are_neither_kept_nor_logged(
    world: Silence, settings: Settings
) -> None:
    secret = settings.runpod_api_key
    job_id = await world.silent({"status": "FAILED", "error": f"bad key {secret}"})
    await world.silent({"status": f"NEW {secret}"})
    await run(world.core)
    assert world.job(job_id).result == {"error": "bad key [redacted]"}
    assert secret not in str(world.platform.lines)


async def test_a_run_costs_one_round_trip_and_one_a_job_that_changed(world: Silence) -> None:
    await world.unrecorded()
    await world.silent({"status": "IN_PROGRESS"})
    world.database.calls.clear()
    await run(world.core)
    assert sorted(world.database.calls) == ["claim_silent", "report", "submitted"]
