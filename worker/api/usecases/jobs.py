"""Looking at jobs, and cancelling them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from api.domain import cursors, ids, keys
from api.domain.job import TO_RUNPOD, Job, State
from api.errors import ConflictError, NotFoundError, ProviderError, UnavailableError

if TYPE_CHECKING:
    from api.core import Core
    from api.domain.cursors import Cursor
    from api.domain.media import MediaFile
    from api.ports import Page

LINK_SECONDS = 86_400  # how long a signed address to a file lives


async def find(core: Core, job_id: str, user_id: str) -> Job:
    """Find a user's own job.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
    """
    database = core.need_database()
    job = await database.get(job_id, user_id) if ids.is_job_id(job_id) else None
    if job is None:
        raise NotFoundError("no such job")
    return job


async def as_provider_tells(core: Core, job_id: str) -> dict[str, Any]:
    """Give the provider's own JSON for a job, found by our id or the provider's.

    The provider forgets a job soon after it ends (RunPod: 30 minutes), and never heard of some: the stored
    row then answers, in the provider's words.

    Raises:
        NotFoundError: neither the database nor the provider knows the job.
    """
    if not ids.is_job_id(job_id):
        raise NotFoundError("no such job")
    if core.provider is None:
        core.need_database()
    job, failure = await _look_up(core, job_id)
    provider_job_id = job.provider_job_id if job else job_id
    if core.provider and provider_job_id:
        try:
            told = await core.provider.status(provider_job_id)
        except ProviderError:
            if job is None:
                raise
            told = None
        if told is not None:
            return core.redactor.value(told)  # type: ignore[no-any-return]  # an object stays an object
    if job is None:
        raise failure or NotFoundError("no such job")
    return {**(job.result or {}), "id": job.provider_job_id or job.id, "status": TO_RUNPOD[job.status]}


async def _look_up(core: Core, job_id: str) -> tuple[Job | None, UnavailableError | None]:
    if core.database is None:
        return None, None
    try:
        return await core.database.get(job_id, None), None
    except UnavailableError as error:
        if core.provider is None:
            raise
        return None, error  # the id may be the provider's own, and the provider may be up


async def page(core: Core, wanted: Page) -> tuple[list[Job], Cursor | None]:
    """Give one page of jobs, newest first, and the cursor of the next page where there is one."""
    database = core.need_database()
    return cursors.cut(await database.page(replace(wanted, limit=wanted.limit + 1)), wanted.limit)


async def cancel(core: Core, job_id: str, user_id: str | None) -> Job:
    """Cancel a job: first in the database, so that no late report can revive it, then at the provider.

    Raises:
        NotFoundError: there is none, or it is somebody else's.
        ConflictError: it has ended already.
    """
    database = core.need_database()
    if not ids.is_uuid(job_id):
        raise NotFoundError("no such job")
    outcome = await database.cancel(job_id, user_id)
    if outcome.job is None:
        raise NotFoundError("no such job")
    if not outcome.changed:
        raise ConflictError("the job has ended already", code="job_already_ended", status=outcome.job.status)
    await cancel_at_provider(core, outcome.job.id, outcome.job.provider_job_id)
    return outcome.job


async def cancel_at_provider(core: Core, job_id: str, provider_job_id: str | None) -> None:
    """Spare the provider a job that has ended for us; where that fails, its late reports change nothing."""
    if core.provider is None or provider_job_id is None:
        return
    try:
        await core.provider.cancel(provider_job_id)
    except ProviderError as error:
        core.log("error", "a job could not be cancelled at the provider", job_id=job_id, reason=error.message)


@dataclass(frozen=True)
class Link:
    """Where a file can be fetched; `expires` is a unix time, None where the renderer keeps it itself."""

    file: MediaFile
    url: str
    expires: int | None


def links(core: Core, job: Job) -> list[Link]:
    """Give an address to each file of a completed job; a file that cannot be signed for has none."""
    if job.status is not State.COMPLETED:
        return []
    return [link for file in job.media if (link := _link(core, job, file))]


def _link(core: Core, job: Job, file: MediaFile) -> Link | None:
    if file.key is None:
        return Link(file, file.url, None) if file.url else None
    if core.media is None or not keys.is_of_job(file.key, job.id):
        return None
    expires = int(core.clock()) + LINK_SECONDS
    address = core.media.download_address(file.key, expires)
    return Link(file, address, expires) if address else None
