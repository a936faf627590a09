"""What a user's submission does after its answer: the record of the provider's id."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from api.domain.job import State
from api.errors import ProviderError
from api.ports import Idempotency, Report
from api.usecases import jobs, reconciliation
from api.usecases.submission import submit
from tests.worker.asking import USER
from tests.worker.memory_provider import unreachable
from tests.worker.real_workerd import Workerd, bindings
from tests.worker.submissions import VIDEO, Submissions

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path

    from api.settings import Settings
    from tests.worker.memory_platform import Platform
    from tests.worker.stand_ins import StandIns


KEY = Idempotency("order-17", "hash of the wish")


class Left:
    """What submissions leave behind their answers."""

    def __init__(self) -> None:
        self.work: list[Coroutine[Any, Any, Any]] = []

    async def finish(self) -> None:
        for work in self.work:
            await work


async def test_a_user_need_not_wait_for_what_the_answer_does_not_say(world: Submissions) -> None:
    left = Left()
    submitted = await submit(world.core, VIDEO, USER, KEY, left.work.append)
    job = world.database.jobs[submitted.job_id]
    assert (job.status, job.provider_job_id) == (State.QUEUED, None)
    assert (await submit(world.core, VIDEO, USER, KEY, left.work.append)).job_id == job.id
    await left.finish()
    job = world.database.jobs[submitted.job_id]
    assert (job.status, job.provider_job_id) == (State.SUBMITTED, "rp-1")


async def test_a_job_cancelled_right_after_its_answer_is_cancelled_at_the_provider(
    world: Submissions,
) -> None:
    left = Left()
    submitted = await submit(world.core, VIDEO, USER, later=left.work.append)
    await jobs.cancel(world.core, submitted.job_id, USER)
    assert world.provider.cancelled == []  # nobody knows the provider's id yet
    await left.finish()
    assert world.provider.cancelled == ["rp-1"]
    assert await world.credits() == 75


async def test_a_job_whose_record_was_lost_is_settled_by_its_report(world: Submissions) -> None:
    submitted = await submit(world.core, VIDEO, USER, later=lambda work: work.close())
    running = Report(submitted.job_id, "rp-1", State.RUNNING, None, None, None)
    await world.database.report(running)
    world.database.now += 121
    await reconciliation.run(world.core)
    job = world.database.jobs[submitted.job_id]
    assert (job.status, job.provider_job_id) == (State.RUNNING, "rp-1")


async def test_a_job_whose_record_and_reports_were_lost_is_given_up_and_paid_back_once(
    world: Submissions,
) -> None:
    submitted = await submit(world.core, VIDEO, USER, KEY, later=lambda work: work.close())
    world.database.now += 121
    await reconciliation.run(world.core)
    late = Report(submitted.job_id, "rp-1", State.COMPLETED, None, None, None)
    assert not (await world.database.report(late)).changed
    assert world.database.jobs[submitted.job_id].status is State.ERROR
    assert await world.credits() == 75
    # The key's first answer was the job's id; so is the next.
    assert (await submit(world.core, VIDEO, USER, KEY)).job_id == submitted.job_id


async def test_what_goes_wrong_behind_an_answer_is_logged_without_secrets(
    platform: Platform, user: Callable[[str], dict[str, str]]
) -> None:
    async def broken(*_: Any) -> None:
        raise RuntimeError(f"a bug beside {platform.settings.runpod_api_key}")

    assert platform.database
    platform.database.submitted = broken  # type: ignore[assignment,method-assign]  # one method of this one
    assert (await platform.ask("POST", "/jobs/create", json_body={"prompt": "x"}, **user(USER))).status == 200
    [line] = [line for line in platform.lines if "unexpected failure" in line]
    assert "a bug beside [redacted]" in line


async def test_a_refusal_is_paid_back_before_it_is_told(world: Submissions) -> None:
    world.provider.refusal = unreachable()
    left = Left()
    with pytest.raises(ProviderError):
        await submit(world.core, VIDEO, USER, later=left.work.append)
    assert left.work == []
    assert await world.credits() == 75


def test_in_the_runtime_the_answer_comes_first_and_the_record_follows(
    tmp_path: Path, stand_ins: StandIns, settings: Settings
) -> None:
    runtime = Workerd(tmp_path, bindings(settings, stand_ins.url))
    world = stand_ins.world
    try:
        world.records.clear()
        job_id = _created(runtime, stand_ins, settings)
        assert world.database.jobs[job_id].status is State.QUEUED
        world.records.set()
        ends = time.monotonic() + 10
        while world.database.jobs[job_id].status is not State.SUBMITTED:
            assert time.monotonic() < ends
            time.sleep(0.05)
        assert world.database.jobs[job_id].provider_job_id == "rp-1"
    finally:
        world.records.set()
        runtime.stop()


def _created(runtime: Workerd, stand_ins: StandIns, settings: Settings) -> str:
    claims = {
        "iss": f"{stand_ins.url}/auth/v1",
        "aud": "authenticated",
        "sub": USER,
        "exp": time.time() + 60,
    }
    bearer = jwt.encode(claims, settings.supabase_jwt_secret, "HS256")
    headers = {"authorization": f"Bearer {bearer}"}
    told = httpx.post(f"{runtime.url}/jobs/create", json={"prompt": "x"}, headers=headers, timeout=30)
    return str(told.json()["jobId"])
