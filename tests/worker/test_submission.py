"""Submitting: what a job costs, what is asked once and answered twice, and what goes wrong on the way."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from api.domain.job import Kind, State
from api.errors import (
    ApiError,
    IdempotencyConflictError,
    InsufficientCreditsError,
    NotConfiguredError,
    ProviderError,
    TooManyJobsError,
    UnavailableError,
)
from api.ports import Idempotency
from api.usecases import accounts, jobs, reconciliation
from api.usecases.submission import Submission, Wish, submit
from tests.worker.asking import OTHER, USER
from tests.worker.memory_database import MemoryDatabase
from tests.worker.memory_platform import MemoryMedia, Platform
from tests.worker.memory_provider import MemoryProvider, unreachable

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from api.settings import Settings

VIDEO = Wish(Kind.VIDEO, "a lighthouse", "1024x1024", 1, 5, None)
IMAGES = Wish(Kind.IMAGE, "a lighthouse", "1024x1024", 4, 5, None)
KEY = Idempotency("order-17", "hash of the wish")
DAY = 86_400


class World:
    """A core on memory alone."""

    def __init__(self, settings: Settings) -> None:
        self.database, self.provider = MemoryDatabase(), MemoryProvider()
        self.platform = Platform(
            settings, provider=self.provider, database=self.database, media=MemoryMedia()
        )
        self.core = self.platform.core

    async def submit(
        self, wish: Wish = VIDEO, user_id: str | None = USER, key: Idempotency | None = None
    ) -> Submission:
        return await submit(self.core, wish, user_id, key)

    async def credits(self, user_id: str = USER) -> int:
        return (await accounts.of(self.core, user_id)).credits


@pytest.fixture
def world(settings: Settings) -> World:
    return World(settings)


async def test_what_costs_more_than_there_is_is_refused_and_never_rendered(world: World) -> None:
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


async def test_a_sixth_unfinished_job_must_wait_until_one_has_ended(world: World) -> None:
    submitted = [await world.submit(IMAGES) for _ in range(5)]
    with pytest.raises(TooManyJobsError) as refused:
        await world.submit(IMAGES)
    assert (refused.value.status, refused.value.code) == (429, "too_many_jobs")
    assert refused.value.headers == {"Retry-After": "30"}
    assert len(world.provider.orders) == 5
    await world.submit(IMAGES, OTHER)
    await jobs.cancel(world.core, submitted[0].job_id, USER)
    await world.submit(IMAGES)


async def test_whoever_asks_for_too_much_at_once_gets_as_many_as_are_paid_for(world: World) -> None:
    answers = await asyncio.gather(*(world.submit() for _ in range(50)), return_exceptions=True)
    accepted = [answer for answer in answers if isinstance(answer, Submission)]
    assert len(accepted) == len(world.provider.orders) == 5
    assert sum(isinstance(answer, TooManyJobsError) for answer in answers) == 45
    assert await world.credits() == 75 - 5 * 5


async def test_a_user_cannot_render_while_nobody_counts_the_credits(settings: Settings, world: World) -> None:
    core = Platform(replace(settings, supabase_url=""), provider=world.provider).core
    with pytest.raises(NotConfiguredError):
        await submit(core, VIDEO, USER)
    assert world.provider.orders == {}
    await submit(core, VIDEO, None)  # the admin pays nothing


async def test_a_refusal_of_the_provider_is_paid_back_once(world: World) -> None:
    world.provider.refusal = unreachable()
    with pytest.raises(ProviderError) as refused:
        await world.submit()
    job = world.database.jobs[refused.value.details["job_id"]]
    assert job.status is State.ERROR
    assert world.database.ledger.of(job) == [("hold", -5), ("refund", 5)]
    assert [told.type for _, told in world.database.told] == ["job_failed"]


async def test_a_database_that_is_down_stops_a_job_before_the_provider(world: World) -> None:
    world.database.down.add("create")
    with pytest.raises(UnavailableError):
        await world.submit()
    assert world.provider.orders == {}


async def test_what_cannot_be_recorded_is_still_the_clients_and_its_report_settles_it(world: World) -> None:
    world.database.down.add("submitted")
    submitted = await world.submit()
    assert submitted.provider_job_id == "rp-1"
    assert world.database.jobs[submitted.job_id].status is State.QUEUED
    assert "could not be recorded" in world.platform.lines[0]


async def test_the_same_key_gives_the_same_job_and_is_paid_once(world: World) -> None:
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


async def test_many_calls_with_one_key_at_once_make_one_job(world: World) -> None:
    answers = await asyncio.gather(*(world.submit(key=KEY) for _ in range(20)))
    assert len({answer.job_id for answer in answers}) == 1
    assert len(world.provider.orders) == 1
    assert await world.credits() == 70


async def test_a_replay_of_a_failed_submission_fails_alike_and_tries_nothing_again(world: World) -> None:
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


async def test_a_job_that_failed_later_is_still_the_answer(world: World) -> None:
    first = await world.submit(key=KEY)
    await jobs.cancel(world.core, first.job_id, USER)
    assert (await world.submit(key=KEY)).job_id == first.job_id


async def test_without_a_provider_a_replay_says_so_too(settings: Settings, world: World) -> None:
    core = Platform(settings, database=world.database).core
    first = await submit(core, VIDEO, USER, KEY)
    assert (first.provider, first.provider_job_id) == ("noop", None)
    assert await submit(core, VIDEO, USER, KEY) == first
    assert await world.credits() == 75


async def test_a_key_stands_for_one_request(world: World) -> None:
    await world.submit(key=KEY)
    with pytest.raises(IdempotencyConflictError) as refused:
        await world.submit(IMAGES, key=Idempotency(KEY.key, "hash of another wish"))
    assert (refused.value.status, refused.value.code) == (409, "idempotency_conflict")
    assert len(world.provider.orders) == 1
    assert await world.credits() == 70


async def test_a_key_is_one_users_own_and_lives_a_day(world: World) -> None:
    first = await world.submit(key=KEY)
    other = await world.submit(user_id=OTHER, key=KEY)
    world.database.now += DAY
    next_day = await world.submit(key=KEY)
    assert len({first.job_id, other.job_id, next_day.job_id}) == 3


async def test_a_refused_request_uses_no_key_up(world: World) -> None:
    world.database.ledger.set(USER, 0)
    with pytest.raises(InsufficientCreditsError):
        await world.submit(key=KEY)
    world.database.ledger.set(USER, 75)
    assert (await world.submit(key=KEY)).job_id in world.database.jobs


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


async def test_the_order_says_what_to_render_and_whom_to_tell(world: World) -> None:
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


async def test_our_secrets_in_a_wish_are_neither_kept_nor_sent(world: World, settings: Settings) -> None:
    secret = settings.runpod_api_key
    wish = replace(VIDEO, prompt=f"draw {secret}", image_url=f"https://pictures.example.com/{secret}")
    submitted = await world.submit(wish)
    seen = f"{world.provider.orders}{world.database.jobs[submitted.job_id]}{submitted}{world.platform.lines}"
    assert secret not in seen
    assert "draw [redacted]" in seen


async def test_a_secret_in_a_refusal_is_neither_kept_nor_logged(world: World, settings: Settings) -> None:
    world.provider.refusal = ProviderError(f"the key {settings.runpod_api_key} is wrong")
    with pytest.raises(ApiError):
        await world.submit()
    assert settings.runpod_api_key not in f"{world.database.jobs}{world.platform.lines}"
