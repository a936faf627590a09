"""Settles silent jobs: a webhook is tried three times in 30 seconds, then the provider must be asked."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from api.domain.job import FROM_RUNPOD, RUNPOD, State, is_terminal
from api.errors import ApiError, ProviderError
from api.ports import Report
from api.usecases import reports
from api.usecases.jobs import cancel_at_provider
from api.usecases.submission import EXECUTION_TIMEOUT_MS, NEVER_SUBMITTED, TIME_TO_LIVE_MS

if TYPE_CHECKING:
    from api.core import Core
    from api.domain.job import Job

SILENT_SECONDS = 120  # a submission takes less with all its tries, a webhook's three tries take 30 s
# RunPod forgets a result after half an hour: in that time 30 runs, one a minute, must get round. A job takes
# two requests, and a worker may make 1,000 at one event.
# https://developers.cloudflare.com/workers/platform/limits/#subrequests
JOBS_A_RUN = 400
RUN_SECONDS = 50  # what a run has not begun by then, as where RunPod hangs, is left for a later one
# A worker may have 6 connections open at once; a job needs one at a time, and requests need some too.
# https://developers.cloudflare.com/workers/platform/limits/#simultaneous-open-connections
CONNECTIONS = 4
BATCH = 2 * CONNECTIONS  # a claimed job counts as asked after: no more are claimed than can be asked soon
FORGOTTEN = "the provider does not know the job any more"
# A day to begin, the time to execute, and one silence more.
LIFETIME = timedelta(milliseconds=TIME_TO_LIVE_MS + EXECUTION_TIMEOUT_MS, seconds=SILENT_SECONDS)
OVERDUE = "the provider told no end of the job within its time"


@dataclass(frozen=True)
class Settled:
    """What one run did: jobs it looked at, jobs whose state changed, jobs left for the next run."""

    claimed: int
    changed: int
    failed: int

    def plus(self, outcomes: list[bool | None]) -> Settled:
        """Count jobs that were looked at: changed, not changed, or None where something did not answer."""
        return Settled(
            self.claimed + len(outcomes),
            self.changed + outcomes.count(True),
            self.failed + outcomes.count(None),
        )


async def run(core: Core, silent_seconds: int = SILENT_SECONDS, most: int = JOBS_A_RUN) -> Settled:
    """Ask after jobs of which nothing was heard; a run beside another takes other jobs.

    Raises:
        UnavailableError: the database does not answer.
    """
    settled, ends = Settled(0, 0, 0), core.clock() + RUN_SECONDS
    if core.database is None:
        return settled  # nothing is kept, so nothing can be silent
    gate = asyncio.Semaphore(CONNECTIONS)
    while (wanted := min(BATCH, most - settled.claimed)) and core.clock() < ends:
        jobs = await core.database.claim_silent(wanted, silent_seconds)
        settled = settled.plus(await asyncio.gather(*(_guarded(core, job, gate) for job in jobs)))
        if len(jobs) < wanted:
            break
    return settled


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
        return await _end(core, job, State.FAILED, NEVER_SUBMITTED)
    is_overdue = datetime.fromtimestamp(core.clock(), UTC) - datetime.fromisoformat(job.created_at) > LIFETIME
    try:
        told = await _ask(core, job.provider_job_id)
    except ProviderError:
        if not is_overdue:
            raise
        return await _time_out(core, job)
    if told is None:
        return await _end(core, job, State.FAILED, FORGOTTEN)
    if is_overdue and not is_terminal(FROM_RUNPOD[told["status"]]):
        return await _time_out(core, job)
    return (await reports.apply(core, job.id, told)).changed


async def _ask(core: Core, provider_job_id: str) -> dict[str, Any] | None:
    """Give the provider's word on a job, in a state that we know; None where it does not know the job."""
    if core.provider is None:
        raise ProviderError("the provider that has the job is not configured any more")
    told = await core.provider.status(provider_job_id)
    if told is not None and str(told.get("status")) not in FROM_RUNPOD:
        raise ProviderError(f"the provider's state is unknown: {told.get('status')}")
    return told and {**told, "id": provider_job_id}


async def _end(core: Core, job: Job, state: State, why: str) -> bool:
    report = Report(job.id, job.provider_job_id, state, None, None, {"error": why})
    return (await core.need_database().report(report)).changed


async def _time_out(core: Core, job: Job) -> bool:
    changed = await _end(core, job, State.TIMED_OUT, OVERDUE)
    await cancel_at_provider(core, job.id, job.provider_job_id)
    return changed
