"""A job's life as pure functions: every change takes the job and the time, and gives the job that follows.

Times are Unix milliseconds. A change that a job's status does not allow gives the same job back, so late and
repeated messages are harmless.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

# https://docs.runpod.io/serverless/endpoints/job-operations and .../send-requests, read 2026-11.
DEFAULT_EXECUTION_TIMEOUT_MS = 600_000
DEFAULT_TTL_MS = 86_400_000
RETENTION_MS = 30 * 60_000
SYNC_RETENTION_MS = 60_000
WEBHOOK_TRIES = 3
# RunPod hands a job whose worker vanished to another worker; one second chance keeps a poisoned job finite.
ATTEMPTS = 2


class Status(StrEnum):
    """RunPod's words for where a job is."""

    IN_QUEUE = "IN_QUEUE"
    IN_PROGRESS = "IN_PROGRESS"
    COMPLETED = "COMPLETED"
    FAILED = "FAILED"
    CANCELLED = "CANCELLED"
    TIMED_OUT = "TIMED_OUT"


LIVE = frozenset({Status.IN_QUEUE, Status.IN_PROGRESS})
RETRYABLE = frozenset({Status.FAILED, Status.TIMED_OUT})


@dataclass(frozen=True)
class Order:
    """What a client asked for."""

    input: Any
    webhook: str | None = None
    execution_timeout: int = DEFAULT_EXECUTION_TIMEOUT_MS
    ttl: int = DEFAULT_TTL_MS
    sync: bool = False


@dataclass(frozen=True)
class Job:
    """One job and all that happened to it.

    Attributes:
        attempts: how many workers have been given it.
        output: the result, or the latest progress while it runs.
        webhook_tries: how often the webhook was posted.
        webhook_at: when it is to be posted next; None when there is nothing (more) to post.
    """

    id: str
    order: Order
    queued_at: int
    status: Status = Status.IN_QUEUE
    started_at: int | None = None
    finished_at: int | None = None
    worker_id: str | None = None
    attempts: int = 0
    output: Any = None
    error: str | None = None
    webhook_tries: int = 0
    webhook_at: int | None = None

    @property
    def is_live(self) -> bool:
        """Whether anything may still happen to its status."""
        return self.status in LIVE


def create(job_id: str, order: Order, now: int) -> Job:
    """Put a new job in the queue."""
    return Job(job_id, order, queued_at=now)


def take(job: Job, worker_id: str, now: int) -> Job:
    """Give a queued job to a worker."""
    if job.status is not Status.IN_QUEUE:
        return job
    return replace(
        job, status=Status.IN_PROGRESS, worker_id=worker_id, started_at=now, attempts=job.attempts + 1
    )


def progress(job: Job, worker_id: str, output: Any) -> Job:
    """Note what its worker reports on the way."""
    return replace(job, output=output) if _runs_on(job, worker_id) else job


def finish(job: Job, worker_id: str, output: Any, error: str | None, now: int) -> Job:
    """Take the result its worker hands in; an error makes it a failure."""
    if not _runs_on(job, worker_id):
        return job
    return _end(replace(job, output=output, error=error), Status.FAILED if error else Status.COMPLETED, now)


def cancel(job: Job, now: int) -> Job:
    """Call a job off, wherever it is."""
    return _end(replace(job, output=None), Status.CANCELLED, now) if job.is_live else job


def lose(job: Job, now: int) -> Job:
    """Its worker is gone: back to the queue, or failed when that happened before."""
    if job.status is not Status.IN_PROGRESS:
        return job
    if job.attempts < ATTEMPTS:
        return _queue(job)
    error = f"{job.attempts} workers ended without a result of this job."
    return _end(replace(job, output=None, error=error), Status.FAILED, now)


def expire(job: Job, now: int) -> Job:
    """Time a job out that ran longer than its policy allows, or is older than its time to live."""
    deadline = expires_at(job)
    if deadline is None or now < deadline:
        return job
    overran = job.started_at is not None and now >= job.started_at + job.order.execution_timeout
    error = "The job ran longer than its execution timeout." if overran else "The job outlived its ttl."
    return _end(replace(job, output=None, error=error), Status.TIMED_OUT, now)


def expires_at(job: Job) -> int | None:
    """When `expire` will end it, if nothing else does before."""
    if not job.is_live:
        return None
    end_of_life = job.queued_at + job.order.ttl
    if job.started_at is None:
        return end_of_life
    return min(end_of_life, job.started_at + job.order.execution_timeout)


def retry(job: Job, now: int) -> Job:
    """Queue a failed or timed out job anew, under its id, without its former result."""
    if job.status not in RETRYABLE:
        return job
    # Its life starts over: an old ttl would end it at once, and its webhook is owed again.
    fresh = replace(job, attempts=0, error=None, finished_at=None, webhook_tries=0, webhook_at=None)
    return replace(_queue(fresh), queued_at=now)


def webhook_answered(job: Job, *, accepted: bool, pause: int, now: int) -> Job:
    """Count one try of the webhook and say when the next is due, if one is."""
    if job.webhook_at is None:
        return job
    tries = job.webhook_tries + 1
    over = accepted or tries >= WEBHOOK_TRIES
    return replace(job, webhook_tries=tries, webhook_at=None if over else now + pause)


def forgotten_at(job: Job) -> int | None:
    """When its result is no longer kept; None while it lives or its webhook is still owed."""
    if job.finished_at is None or job.webhook_at is not None:
        return None
    return job.finished_at + (SYNC_RETENTION_MS if job.order.sync else RETENTION_MS)


def _runs_on(job: Job, worker_id: str) -> bool:
    return job.status is Status.IN_PROGRESS and job.worker_id == worker_id


def _queue(job: Job) -> Job:
    return replace(job, status=Status.IN_QUEUE, worker_id=None, started_at=None, output=None)


def _end(job: Job, status: Status, now: int) -> Job:
    return replace(job, status=status, finished_at=now, webhook_at=now if job.order.webhook else None)
