"""Settles silent jobs: a webhook is tried three times in 30 seconds, then the provider must be asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from api.domain.job import FROM_RUNPOD, RUNPOD, State
from api.errors import ApiError, ProviderError
from api.ports import Report
from api.usecases import reports

if TYPE_CHECKING:
    from api.core import Core
    from api.domain.job import Job

SILENT_SECONDS = 120  # a submission takes less with all its tries, a webhook's three tries take 30 s
JOBS_A_RUN = 20
# A worker may have 6 connections open at once; a job needs one at a time, and requests need some too.
# https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections
CONNECTIONS = 4
NEVER_SUBMITTED = "the job was not handed to the provider"
FORGOTTEN = "the provider does not know the job any more"


@dataclass(frozen=True)
class Settled:
    """What one run did: jobs it looked at, jobs whose state changed, jobs left for the next run."""

    claimed: int
    changed: int
    failed: int


async def run(core: Core, silent_seconds: int = SILENT_SECONDS, limit: int = JOBS_A_RUN) -> Settled:
    """Ask after jobs of which nothing was heard; a run beside another takes other jobs.

    Raises:
        UnavailableError: the database does not answer.
    """
    if core.database is None:
        return Settled(0, 0, 0)  # nothing is kept, so nothing can be silent
    jobs = await core.database.claim_silent(limit, silent_seconds)
    gate = asyncio.Semaphore(CONNECTIONS)
    outcomes = await asyncio.gather(*(_guarded(core, job, gate) for job in jobs))
    return Settled(len(jobs), outcomes.count(True), outcomes.count(None))


async def _guarded(core: Core, job: Job, gate: asyncio.Semaphore) -> bool | None:
    """Settle one job; None where something did not answer, so that the others are settled all the same."""
    async with gate:
        try:
            return await _settle(core, job)
        except ApiError as error:
            reason = error.message
        except Exception as error:  # noqa: BLE001 - what one job's answer broke must not keep the others
            reason = repr(error)
    core.log("warning", "a silent job could not be settled", job_id=job.id, reason=reason)
    return None


async def _settle(core: Core, job: Job) -> bool:
    database = core.need_database()
    if job.provider_job_id is None:
        # What the provider may have taken without our hearing of it cannot be submitted again: it could run
        # twice. A webhook that comes later finds the job ended.
        if job.status is State.QUEUED:
            error = {"error": NEVER_SUBMITTED}
            ended = await database.submitted(job.id, State.ERROR, RUNPOD, None, error)
            return ended.status is State.ERROR
        return await _fail(core, job, NEVER_SUBMITTED)
    if core.provider is None:
        return False
    told = await core.provider.status(job.provider_job_id)
    if told is None:
        return await _fail(core, job, FORGOTTEN)
    if str(told.get("status")) not in FROM_RUNPOD:
        raise ProviderError(f"the provider's state is unknown: {told.get('status')}")
    outcome = await reports.apply(core, job.id, {**told, "id": job.provider_job_id})
    return outcome.changed


async def _fail(core: Core, job: Job, why: str) -> bool:
    report = Report(job.id, job.provider_job_id, State.FAILED, None, None, {"error": why})
    return (await core.need_database().report(report)).changed
