"""The core on the real schema, through the API that serves it: both must mean the same by every word."""

from __future__ import annotations

import uuid
from typing import TYPE_CHECKING

import httpx
import pytest

from api.adapters.supabase import Supabase
from api.domain.job import Kind, State
from api.errors import (
    ConflictError,
    IdempotencyConflictError,
    InsufficientCreditsError,
    ProviderError,
    TooManyJobsError,
)
from api.ports import Account, Idempotency, Page
from api.settings import Settings
from api.upstreams import Answer, FetchError
from api.usecases import accounts, jobs, notifications, reconciliation, reports
from api.usecases.submission import Submission, Wish, submit
from localcloud.supabase import service_role_key
from tests.localcloud.postgres import shared
from tests.worker.memory_platform import SETTINGS, MemoryMedia, Platform
from tests.worker.memory_provider import MemoryProvider, unreachable

if TYPE_CHECKING:
    from tests.localcloud.postgres.throwaway import Cloud

KEY = Idempotency("order-17", "hash of the wish")


def _wish(seconds: int = 1) -> Wish:
    return Wish(Kind.VIDEO, "a lighthouse", "1024x1024", 1, seconds, None)


async def _fetch(method: str, url: str, headers: dict[str, str], body: str | None, timeout_ms: int) -> Answer:
    async with httpx.AsyncClient(timeout=timeout_ms / 1000) as client:
        try:
            answer = await client.request(method, url, headers=headers, content=body)
        except httpx.HTTPError as error:
            raise FetchError(str(error)) from error
    return Answer(answer.status_code, answer.text)


class UniqueProvider(MemoryProvider):
    """Ids that no other test's jobs have: they share the database."""

    async def submit(self, body: dict[str, object]) -> dict[str, object]:
        answer = await super().submit(body)
        return {**answer, "id": f"{answer['id']}-{uuid.uuid4().hex}"}


class World:
    """A core on the served schema, and one new user."""

    def __init__(self, cloud: Cloud) -> None:
        self.cloud = cloud
        settings = Settings(supabase_url=cloud.url, supabase_service_role=service_role_key(cloud.config))
        self.provider = UniqueProvider()
        database = Supabase(settings, _fetch)
        self.core = Platform(SETTINGS, provider=self.provider, database=database, media=MemoryMedia()).core  # type: ignore[arg-type]  # the real adapter in memory's place
        self.user = str(uuid.uuid4())

    async def submit(self, wish: Wish | None = None, key: Idempotency | None = None) -> Submission:
        return await submit(self.core, wish or _wish(), self.user, key)

    async def credits(self) -> int:
        return (await accounts.of(self.core, self.user)).credits


@pytest.fixture
def world(request: pytest.FixtureRequest) -> World:
    return World(shared.serving(request.config))


async def test_refusals_are_told_apart(world: World) -> None:
    assert await accounts.of(world.core, world.user) == Account(75, "starter")
    await world.submit(_wish(30), KEY)
    with pytest.raises(IdempotencyConflictError):
        await world.submit(_wish(), Idempotency(KEY.key, "another"))
    await world.submit(_wish(30))
    with pytest.raises(InsufficientCreditsError):
        await world.submit(_wish(30))
    for _ in range(3):
        await world.submit()
    with pytest.raises(TooManyJobsError):
        await world.submit()
    assert await world.credits() == 12


async def test_a_replay_is_the_first_answer(world: World) -> None:
    first = await world.submit(key=KEY)
    again = await world.submit(key=KEY)
    assert (again.job_id, again.provider_job_id) == (first.job_id, first.provider_job_id)
    world.provider.refusal = unreachable()
    refused = []
    for _ in range(2):
        with pytest.raises(ProviderError) as error:
            await world.submit(key=Idempotency("order-18", "hash"))
        refused.append((error.value.message, error.value.details))
    assert refused[0] == refused[1]
    assert await world.credits() == 74


async def test_a_job_is_followed_from_its_order_to_its_files(world: World) -> None:
    submitted = await world.submit(_wish(5))
    job_id, provider_job_id = submitted.job_id, submitted.provider_job_id
    progress = {"id": provider_job_id, "status": "IN_PROGRESS", "output": {"phase": "saving", "progress": 90}}
    outcome = await reports.apply(world.core, job_id, progress, b"1")
    assert outcome.job
    assert (outcome.job.status, outcome.job.phase, outcome.job.progress) == (State.RUNNING, "saving", 90)
    assert (await reports.apply(world.core, job_id, progress, b"1")).replayed
    key = f"media/{job_id}/0.mp4"
    file = {"key": key, "content_type": "video/mp4", "size_bytes": 9, "duration_seconds": 5, "width": 0}
    output = {"files": [file, {"key": f"media/{uuid.uuid4()}/0.mp4"}]}
    done = {"id": provider_job_id, "status": "COMPLETED", "executionTime": 900, "output": output}
    outcome = await reports.apply(world.core, "", done, b"2")
    assert (outcome.found, outcome.changed, outcome.replayed) == (True, True, False)
    job = await jobs.find(world.core, job_id, world.user)
    assert (job.status, job.credits, [file.key for file in job.media]) == (State.COMPLETED, 5, [key])
    assert (job.media[0].duration_seconds, job.media[0].width) == (5, None)
    assert [link.file for link in jobs.links(world.core, job)] == list(job.media)
    found, following = await jobs.page(world.core, Page(world.user, State.COMPLETED, Kind.VIDEO, 1, None))
    assert (found, following) == ([job], None)


async def test_ends_are_told_paid_back_and_listed(world: World) -> None:
    failed, cancelled = await world.submit(), await world.submit()
    document = {"id": failed.provider_job_id, "status": "FAILED", "error": "out of memory"}
    assert (await reports.apply(world.core, failed.job_id, document, b"1")).changed
    assert (await jobs.cancel(world.core, cancelled.job_id, world.user)).status is State.CANCELLED
    with pytest.raises(ConflictError):
        await jobs.cancel(world.core, cancelled.job_id, world.user)
    assert await world.credits() == 75
    (told,), following = await notifications.page(world.core, world.user, 20, None)
    assert (told.type, told.job_id, told.read_at, following) == ("job_failed", failed.job_id, None, None)
    read = await notifications.read(world.core, world.user, told.id)
    assert read.read_at
    assert await notifications.read(world.core, world.user, told.id) == read


async def test_silent_jobs_are_settled(world: World) -> None:
    forgotten = await world.submit()
    assert forgotten.provider_job_id
    world.provider.states[forgotten.provider_job_id] = None
    database = world.core.need_database()
    lost = await database.create(world.user, Kind.VIDEO, _wish().to_json(), None)
    assert lost.job
    query = "update public.jobs set checked_at = now() - interval '1 hour' where user_id = %s"
    with world.cloud.connect() as connection:
        connection.execute(query, (world.user,))
    settled = await reconciliation.run(world.core, silent_seconds=1800)
    assert (settled.claimed, settled.changed, settled.failed) == (2, 2, 0)
    states = [
        (await jobs.find(world.core, job_id, world.user)).status for job_id in (forgotten.job_id, lost.job.id)
    ]
    assert states == [State.FAILED, State.ERROR]
    assert await world.credits() == 75
