"""Reports of jobs: believed once, in any order, and about the job's own files alone."""

from __future__ import annotations

import asyncio
import hashlib
import json
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.job import FROM_RUNPOD, Kind, State, is_terminal
from api.domain.media import MediaFile
from api.ports import Report
from api.usecases import accounts, jobs, reports
from api.usecases.submission import Wish, submit
from tests.worker.asking import OTHER, USER
from tests.worker.memory_database import MemoryDatabase
from tests.worker.memory_platform import SETTINGS, MemoryMedia, Platform
from tests.worker.memory_provider import MemoryProvider

if TYPE_CHECKING:
    from api.domain.job import Job
    from api.ports import Outcome

IMAGES = Wish(Kind.IMAGE, "a lighthouse", "1024x1024", 2, 5, None)


class World:
    """A core on memory alone, with jobs that run."""

    def __init__(self) -> None:
        self.database = MemoryDatabase()
        self.platform = Platform(
            SETTINGS, provider=MemoryProvider(), database=self.database, media=MemoryMedia()
        )
        self.core = self.platform.core

    async def started(self, user_id: str = USER) -> Job:
        submitted = await submit(self.core, IMAGES, user_id)
        return self.database.jobs[submitted.job_id]

    async def tell(self, job: Job, status: str, *, at: str | None = None, **told: Any) -> Outcome:
        """Deliver RunPod's report to the job's own address, or to another; each body is a delivery."""
        document = {"id": job.provider_job_id, "status": status, **told}
        raw = repr(document).encode()
        return await reports.apply(self.core, job.id if at is None else at, document, raw)

    def now(self, job: Job) -> Job:
        return self.database.jobs[job.id]


@pytest.fixture
def world() -> World:
    return World()


def _output(*keys: str) -> dict[str, Any]:
    return {"files": [{"key": key, "width": 64, "height": 64} for key in keys]}


def _keys(job: Job, count: int = 2) -> list[str]:
    return [f"media/{job.id}/{index}.png" for index in range(count)]


async def test_a_completion_stores_files_once_and_tells_the_user_once(world: World) -> None:
    job = await world.started()
    for expected in (True, False, False):
        outcome = await world.tell(job, "COMPLETED", output=_output(*_keys(job)))
        assert (outcome.found, outcome.changed, outcome.replayed) == (True, expected, not expected)
    assert [(file.ordinal, file.key) for file in world.now(job).media] == list(enumerate(_keys(job)))
    assert [told.type for _, told in world.database.told] == ["job_completed"]
    assert world.database.ledger.of(job) == [("hold", -2)]


@pytest.mark.parametrize("status", list(FROM_RUNPOD))
@pytest.mark.parametrize("ended", ["COMPLETED", "FAILED", "CANCELLED", "TIMED_OUT"])
async def test_a_late_report_changes_nothing(world: World, ended: str, status: str) -> None:
    job = await world.started()
    await world.tell(job, ended, executionTime=5)
    before, credits_ = world.now(job), (await accounts.of(world.core, USER)).credits
    late = await world.tell(job, status, output=_output(*_keys(job)), executionTime=6)
    assert (late.found, late.changed) == (True, False)
    assert world.now(job) == before
    assert (await accounts.of(world.core, USER)).credits == credits_
    assert len(world.database.told) <= 1


@pytest.mark.parametrize("time", [-1, 1e300, 10**400, True, "5", None])
async def test_a_time_that_makes_no_sense_is_left_out_of_a_completion(world: World, time: Any) -> None:
    job = await world.started()
    assert (await world.tell(job, "COMPLETED", executionTime=time, delayTime=7)).changed
    assert world.now(job).result == {"delayTime": 7}


@pytest.mark.parametrize(
    ("error", "kept"),
    [
        (
            json.dumps({"error_message": "no memory", "error_traceback": "File x", "hostname": "h"}),
            "no memory",
        ),
        ({"error_message": "no memory", "error_traceback": "File x"}, "no memory"),
        ("no memory", "no memory"),
        ("[" * 99_999, "[" * 99_999),
        ("5", "5"),
        ({"code": 5}, {"code": 5}),
        (None, None),
    ],
)
async def test_of_an_exception_its_message_is_kept_and_no_stack_trace(
    world: World, error: Any, kept: Any
) -> None:
    job = await world.started()
    await world.tell(job, "FAILED", error=error)
    assert world.now(job).result == {"error": kept}


async def test_a_report_after_a_cancellation_changes_nothing(world: World) -> None:
    job = await world.started()
    await jobs.cancel(world.core, job.id, USER)
    assert not (await world.tell(job, "COMPLETED", output=_output(*_keys(job)))).changed
    assert world.now(job).status is State.CANCELLED
    assert world.now(job).media == ()
    assert world.database.ledger.of(job) == [("hold", -2), ("refund", 2)]
    assert world.database.told == []


async def test_a_delivery_is_known_for_good(world: World) -> None:
    job = await world.started()
    first = await world.tell(job, "IN_PROGRESS", output={"phase": "generating", "progress": 10})
    world.database.now += 10 * 365 * 86_400
    again = await world.tell(job, "IN_PROGRESS", output={"phase": "generating", "progress": 10})
    assert (first.changed, again.changed, again.replayed) == (True, False, True)


async def test_progress_never_goes_back(world: World) -> None:
    job = await world.started()
    for phase, progress in (("saving", 90), ("generating", 40), ("initializing", 95)):
        await world.tell(job, "IN_PROGRESS", output={"phase": phase, "progress": progress})
    assert (world.now(job).phase, world.now(job).progress) == ("saving", 95)
    await world.tell(job, "IN_QUEUE")
    assert world.now(job).status is State.RUNNING


@pytest.mark.parametrize(
    "output",
    [
        *(None, "text", [], {"phase": "sleeping", "progress": 101}, {"phase": [], "progress": True}),
        {"phase": None, "progress": -1},
    ],
)
async def test_progress_that_makes_no_sense_is_running_all_the_same(world: World, output: Any) -> None:
    job = await world.started()
    await world.tell(job, "IN_PROGRESS", output=output)
    assert (world.now(job).status, world.now(job).phase, world.now(job).progress) == (State.RUNNING, None, 0)


async def test_another_runs_report_is_not_this_jobs_news(world: World) -> None:
    job, other = await world.started(), await world.started(OTHER)
    outcome = await world.tell(other, "COMPLETED", at=job.id, output=_output(*_keys(job)))
    assert (outcome.found, outcome.changed) == (False, False)
    assert world.now(job) == job
    assert world.now(other) == other


async def test_a_report_for_an_unknown_job_is_logged(world: World) -> None:
    document = {"id": "rp-9", "status": "COMPLETED"}
    assert not (await reports.apply(world.core, OTHER, document, b"1")).found
    assert "unknown job" in world.platform.lines[0]


@pytest.mark.parametrize("address", ["", "nonsense", "rp-1"])
async def test_without_a_job_in_the_address_the_job_is_found_in_one_round_trip(
    world: World, address: str
) -> None:
    job = await world.started()
    for status, output in (("IN_PROGRESS", {"phase": "saving"}), ("COMPLETED", _output(*_keys(job)))):
        world.database.calls.clear()
        assert (await world.tell(job, status, at=address, output=output)).changed
        assert world.database.calls == ["report"]
    assert [file.key for file in world.now(job).media] == _keys(job)


async def test_without_a_job_in_the_address_files_of_another_job_give_nothing_away(world: World) -> None:
    job, other = await world.started(), await world.started(OTHER)
    outcome = await world.tell(job, "COMPLETED", at="", output=_output(*_keys(other)))
    assert not outcome.found
    assert world.now(job) == job
    assert world.now(other) == other


FOREIGN = [
    "media/{other}/0.png",
    "media/{own}/../{other}/0.png",
    "media/{own}/",
    "media/{own}",
    "media/{own}x/0.png",
    "media//{own}/0.png",
    "public/0.png",
    "/media/{own}/0.png",
    "media/{own}/\0.png",
    "media/{own}/" + "x" * 1024,
    "",
]


@pytest.mark.parametrize("key", FOREIGN)
async def test_a_file_that_is_not_the_jobs_own_is_neither_kept_nor_linked(world: World, key: str) -> None:
    job, other = await world.started(), await world.started(OTHER)
    named = key.format(own=job.id, other=other.id)
    outcome = await world.tell(job, "COMPLETED", output=_output(named, *_keys(job, 1)))
    assert outcome.changed
    assert [(file.ordinal, file.key) for file in world.now(job).media] == [(0, _keys(job)[0])]
    assert [link.file.key for link in jobs.links(world.core, world.now(job))] == _keys(job, 1)
    await world.tell(other, "COMPLETED", output=_output(*_keys(other)))
    assert [file.key for file in world.now(other).media] == _keys(other)  # nobody took its place


@pytest.mark.parametrize("key", FOREIGN)
async def test_a_backend_cannot_name_another_jobs_file_either(world: World, key: str) -> None:
    job, other = await world.started(), await world.started(OTHER)
    files = (
        MediaFile(ordinal=0, key=key.format(own=job.id, other=other.id)),
        MediaFile(ordinal=1, key=None, url="https://backend.example.com/1.png"),
    )
    await reports.complete(world.core, Report(job.id, None, State.COMPLETED, None, 100, None, files, "1"))
    (link,) = jobs.links(world.core, world.now(job))
    assert (link.url, link.expires, link.file.ordinal) == ("https://backend.example.com/1.png", None, 0)


async def test_every_file_of_a_completed_job_has_a_link_that_lives_a_day(world: World) -> None:
    job = await world.started()
    assert jobs.links(world.core, job) == []
    await world.tell(job, "COMPLETED", output=_output(*_keys(job)))
    links = jobs.links(world.core, world.now(job))
    assert [link.file.key for link in links] == _keys(job)
    assert {link.expires for link in links} == {int(world.platform.clock.now) + 86_400}
    for link, key in zip(links, _keys(job), strict=True):
        assert link.url.startswith(f"https://api.example.com/media/{key}?expires=")


async def test_secrets_in_a_report_are_not_kept(world: World) -> None:
    job = await world.started()
    secret = SETTINGS.supabase_service_role
    await world.tell(job, "FAILED", error=f"key {secret}", output={secret: [secret]})
    assert secret not in f"{world.now(job)}{world.platform.lines}"
    assert world.now(job).result == {"error": "key [redacted]", "output": {"[redacted]": ["[redacted]"]}}


async def test_secrets_in_a_files_words_are_not_kept_and_its_address_still_works(world: World) -> None:
    job, secret = await world.started(), SETTINGS.runpod_api_key
    url = "https://backend.example.com/0.png?token=theirs"
    file = MediaFile(0, None, url=url, description=f"made with {secret}", format=secret)
    await reports.complete(world.core, Report(job.id, None, State.COMPLETED, None, 100, None, (file,)))
    (kept,) = world.now(job).media
    assert (kept.url, kept.description, kept.format) == (url, "made with [redacted]", "[redacted]")


DELIVERIES = st.lists(st.tuples(st.sampled_from(list(FROM_RUNPOD)), st.integers(0, 100)), max_size=12)


@given(deliveries=DELIVERIES, shuffled=st.randoms(use_true_random=False), cancelled=st.integers(0, 40))
def test_whatever_arrives_in_whatever_order_each_job_ends_once(
    deliveries: list[tuple[str, int]], shuffled: Any, cancelled: int
) -> None:
    async def deliver() -> None:
        world = World()
        job = await world.started()
        sent = deliveries * 2  # everything comes twice
        shuffled.shuffle(sent)
        for index, (status, progress) in enumerate(sent):
            before = world.now(job)
            if index == cancelled and not is_terminal(before.status):
                await jobs.cancel(world.core, job.id, USER)
                continue
            output = {**_output(*_keys(job)), "phase": "generating", "progress": progress}
            await world.tell(job, status, output=output)
            assert world.now(job) == before or not is_terminal(before.status)
        _check_is_exact(world, world.now(job))

    asyncio.run(deliver())


def _check_is_exact(world: World, job: Job) -> None:
    entries, told = world.database.ledger.of(job), [told.type for _, told in world.database.told]
    if not is_terminal(job.status):
        assert (entries, told, job.media) == ([("hold", -2)], [], ())
    elif job.status is State.COMPLETED:
        assert (entries, told) == ([("hold", -2)], ["job_completed"])
        assert [file.key for file in job.media] == _keys(job)
    else:
        assert entries == [("hold", -2), ("refund", 2)]
        assert told == ([] if job.status is State.CANCELLED else ["job_failed"])
        assert job.media == ()


async def test_a_delivery_is_told_by_its_bytes(world: World) -> None:
    job = await world.started()
    seen = []

    async def report(report: Report) -> Outcome:
        seen.append(report.delivery)
        return await original(report)

    original = world.database.report
    world.database.report = report  # type: ignore[method-assign]  # looks on
    document = {"id": job.provider_job_id, "status": "IN_PROGRESS"}
    await reports.apply(world.core, job.id, document, b"{}")
    await reports.apply(world.core, job.id, document)  # asked for, not delivered
    assert seen == [hashlib.sha256(b"{}").hexdigest(), None]
