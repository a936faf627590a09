"""A job as RunPod tells it: the body of /status and /runsync, and of the webhook."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from localcloud.runpod.job import Job


def short(job: Job) -> dict[str, Any]:
    """Tell its id and status, as /run, /cancel and /retry do."""
    return {"id": job.id, "status": job.status}


def full(job: Job) -> dict[str, Any]:
    """Tell all that is known; what does not exist yet is left out. Times are milliseconds."""
    known = {
        "delayTime": None if job.started_at is None else job.started_at - job.queued_at,
        "executionTime": _execution(job),
        "output": job.output,
        "error": job.error,
        "workerId": job.worker_id,
    }
    return short(job) | {name: value for name, value in known.items() if value is not None}


def _execution(job: Job) -> int | None:
    if job.started_at is None or job.finished_at is None:
        return None
    return job.finished_at - job.started_at
