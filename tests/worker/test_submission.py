"""Submitting: what a job costs, what is asked once and answered twice, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from api.domain.job import State
from api.errors import (
    ApiError,
    InsufficientCreditsError,
    NotConfiguredError,
    ProviderError,
    TooManyJobsError,
    UnavailableError,
)
from api.usecases import jobs, reconciliation
from api.usecases.submission import Submission, submit
from tests.worker.asking import OTHER, USER
from tests.worker.memory_database import MemoryDatabase
from tests.worker.memory_platform import Platform
from tests.worker.memory_provider import MemoryProvider, unreachable
from tests.worker.submissions import IMAGES, VIDEO, Submissions

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from api.settings import Settings


async def test_what_costs_more_than_there_is_is_refused_and_never_rendered(world: Submissions) -> None:
    world.database.ledger.set(USER, 4)
    with pytest.raises(InsufficientCreditsError) as refused:
        await world.submit()
    assert (refused.value.status, refused.value.code) == (402, "insufficient_credits")
    assert world.database.jobs == {}
    assert world.provider.orders == {}
    assert await world.credits() == 4
    assert (
        await world.submit(IMAGES)
    ).job_id in world.database.jobs  # four credits are enough for four images


async def test_a_sixth_unfinished_job_must_wait_until_one_has_ended(world: Submissions) -> None:
    submitted = [await world.submit(IMAGES) for _ in range(5)]
    with pytest.raises(TooManyJobsError) as refused:
        await world.submit(IMAGES)
    assert (refused.value.status, refused.value.code) == (429, "too_many_jobs")
    assert refused.value.headers == {"Retry-After": "30"}
    assert len(world.provider.orders) == 5
    await world.submit(IMAGES, OTHER)
    await jobs.cancel(world.core, submitted[0].job_id, USER)
    await world.submit(IMAGES)


async def test_whoever_asks_for_too_much_at_once_gets_as_many_as_are_paid_for(world: Submissions) -> None:
    answers = await asyncio.gather(*(world.submit() for _ in range(50)), return_exceptions=True)
    accepted = [answer for answer in answers if isinstance(answer, Submission)]
    assert len(accepted) == len(world.provider.orders) == 5
    assert sum(isinstance(answer, TooManyJobsError) for answer in answers) == 45
    assert await world.credits() == 75 - 5 * 5


async def test_a_user_cannot_render_while_nobody_counts_the_credits(
    settings: Settings, world: Submissions
) -> None:
    core = Platform(replace(settings, supabase_url=""), provider=world.provider).core
    with pytest.raises(NotConfiguredError):
        await submit(core, VIDEO, USER)
    assert world.provider.orders == {}
    await submit(core, VIDEO, None)  # the admin pays nothing


async def test_a_refusal_of_the_provider_is_paid_back_once(world: Submissions) -> None:
    world.provider.refusal = unreachable()
    with pytest.raises(ProviderError) as refused:
        await world.submit()
    job = world.database.jobs[refused.value.details["job_id"]]
    assert job.status is State.ERROR
    assert world.database.ledger.of(job) == [("hold", -5), ("refund", 5)]
    assert [told.type for _, told in world.database.told] == ["job_failed"]


async def test_a_database_that_is_down_stops_a_job_before_the_provider(world: Submissions) -> None:
    world.database.down.add("create")
    with pytest.raises(UnavailableError):
        await world.submit()
    assert world.provider.orders == {}


async def test_what_cannot_be_recorded_is_still_the_clients_and_its_report_settles_it(
    world: Submissions,
) -> None:
    world.database.down.add("submitted")
    submitted = await world.submit()
    assert submitted.provider_job_id == "rp-1"
    assert world.database.jobs[submitted.job_id].status is State.QUEUED
    assert "could not be recorded" in world.platform.lines[0]


class Meanwhile(MemoryProvider):
    """A provider during whose answer something else happens."""

    def __init__(self, happens: Callable[[str], Awaitable[Any]]) -> None:
        super().__init__()
        self._happens = happens

    async def submit(self, body: dict[str, Any]) -> dict[str, Any]:
        await self._happens(body["input"]["job_id"])
        return await super().submit(body)


@pytest.mark.parametrize("refusal", [None, unreachable()])
async def test_a_job_cancelled_while_it_was_submitted_is_cancelled_at_the_provider(
    settings: Settings, refusal: Exception | None
) -> None:
    async def cancel(job_id: str) -> None:
        await jobs.cancel(core, job_id, USER)

    database, provider = MemoryDatabase(), Meanwhile(cancel)
    core = Platform(settings, provider=provider, database=database).core

    async def refuse(provider_job_id: str) -> bool:
        provider.cancelled.append(provider_job_id)
        if refusal:
            raise refusal
        return True

    provider.cancel = refuse  # type: ignore[method-assign]  # one method of this one provider
    submitted = await submit(core, VIDEO, USER)
    job = database.jobs[submitted.job_id]
    assert (job.status, job.provider_job_id) == (State.CANCELLED, "rp-1")
    assert provider.cancelled == ["rp-1"]
    assert database.ledger.of(job) == [("hold", -5), ("refund", 5)]
    assert database.told == []


async def test_a_job_given_up_while_it_was_submitted_fails_and_is_cancelled_at_the_provider(
    settings: Settings,
) -> None:
    async def give_up(_job_id: str) -> None:
        database.now += 121
        await reconciliation.run(core)

    database, provider = MemoryDatabase(), Meanwhile(give_up)
    core = Platform(settings, provider=provider, database=database).core
    with pytest.raises(ProviderError) as refused:
        await submit(core, VIDEO, USER)
    job = database.jobs[refused.value.details["job_id"]]
    assert job.status is State.ERROR
    assert provider.cancelled == ["rp-1"]
    assert database.ledger.of(job) == [("hold", -5), ("refund", 5)]


async def test_the_order_says_what_to_render_and_whom_to_tell(world: Submissions) -> None:
    wish = replace(VIDEO, style="watercolour", image_url="https://pictures.example.com/a.png?token=theirs")
    await world.submit(wish)
    sent = world.provider.orders["rp-1"]
    assert sent["input"]["style"] == "watercolour"
    assert sent["input"]["image_url"] == wish.image_url  # without its query it could not be fetched
    assert sent["input"]["progress_url"] == sent["webhook"]
    assert sent["webhook"].startswith("https://api.example.com/webhooks/runpod?job=")


async def test_without_a_secret_to_sign_with_nobody_is_told(settings: Settings) -> None:
    provider = MemoryProvider()
    bare = replace(settings, webhook_secret="")
    await submit(Platform(bare, provider=provider, database=MemoryDatabase()).core, VIDEO, USER)
    assert "webhook" not in provider.orders["rp-1"]
    assert "progress_url" not in provider.orders["rp-1"]["input"]


async def test_our_secrets_in_a_wish_are_neither_kept_nor_sent(
    world: Submissions, settings: Settings
) -> None:
    secret = settings.runpod_api_key
    wish = replace(VIDEO, prompt=f"draw {secret}", image_url=f"https://pictures.example.com/{secret}")
    submitted = await world.submit(wish)
    seen = f"{world.provider.orders}{world.database.jobs[submitted.job_id]}{submitted}{world.platform.lines}"
    assert secret not in seen
    assert "draw [redacted]" in seen


async def test_a_secret_in_a_refusal_is_neither_kept_nor_logged(
    world: Submissions, settings: Settings
) -> None:
    world.provider.refusal = ProviderError(f"the key {settings.runpod_api_key} is wrong")
    with pytest.raises(ApiError):
        await world.submit()
    assert settings.runpod_api_key not in f"{world.database.jobs}{world.platform.lines}"
