"""Brings jobs to the worker and their results to whoever waits; the one place that changes jobs."""

from __future__ import annotations

import secrets
import time
import uuid
from typing import TYPE_CHECKING, Any

from localcloud import journal
from localcloud.runpod import job as jobs
from localcloud.runpod.bell import Bell
from localcloud.runpod.fleet import Fleet
from localcloud.runpod.job import Job, Order, Status
from localcloud.runpod.postman import Postman

if TYPE_CHECKING:
    from pathlib import Path

    from localcloud.runpod.settings import Settings
    from localcloud.runpod.store import Store
    from localcloud.runpod.worker import Worker

REGION = "u1"  # RunPod ends an id with the region that holds the job


def now_ms() -> int:
    """Unix milliseconds."""
    return int(time.time() * 1000)


class Dispatcher:
    """The queue with its worker."""

    def __init__(self, store: Store, settings: Settings, origin: str, state: Path) -> None:
        self._store = store
        self._settings = settings
        self.bell = Bell()
        self.fleet = Fleet(settings, origin, state, self.bell, self._worker_ended)
        self._postman = Postman(store, settings.webhook_pause, self.bell)
        self.is_closing = False
        self.requeued = 0

    # What clients ask.

    def submit(self, order: Order) -> Job:
        """Accept a job; it is stored when this returns."""
        prefix = "sync-" if order.sync else ""
        unique = uuid.UUID(bytes=secrets.token_bytes(16), version=4)
        job = jobs.create(f"{prefix}{unique}-{REGION}", order, now_ms())
        self._store.add(job)
        self._tell(job)
        return job

    def find(self, job_id: str) -> Job | None:
        """Look a job up, as it stands now."""
        self._expire()
        return self._store.get(job_id)

    async def finished(self, job: Job, seconds: float) -> Job:
        """Wait for a job to end, at most this long; the job as it is then."""
        deadline = time.monotonic() + seconds
        while job.is_live and not self.is_closing and (left := deadline - time.monotonic()) > 0:
            await self.bell.wait(left)
            job = self._store.get(job.id) or job
        return job

    def cancel(self, job: Job) -> Job:
        """Call a job off; its worker drops it or ends."""
        cancelled = jobs.cancel(job, now_ms())
        if job.status is Status.IN_PROGRESS:
            self.fleet.drop(job.id, job.worker_id)
        return self._changed(job, cancelled)

    def retry(self, job: Job) -> Job:
        """Queue a failed or timed out job anew."""
        return self._requeued(self._changed(job, jobs.retry(job, now_ms())))

    def purge(self) -> int:
        """Cancel all that wait; how many."""
        waiting = self._store.queued()
        for job in waiting:
            self._changed(job, jobs.cancel(job, now_ms()))
        return len(waiting)

    def counts(self) -> dict[str, int]:
        """Count the kept jobs by status."""
        self._expire()
        return self._store.counts()

    # What the worker asks.

    async def work_for(self, worker: Worker, most: int, *, holds_some: bool) -> list[Job]:
        """Hand out the jobs that waited longest; waits for one, then gives none, so the worker asks again.

        A worker that says it holds none has lost what it was given before, without leaving a result.
        """
        if not holds_some:
            self.fleet.asks(worker)
            self._lose(worker.id)
        deadline = time.monotonic() + self._settings.poll
        while not (worker.is_leaving or self.is_closing) and (left := deadline - time.monotonic()) > 0:
            if taken := self._take(worker, most):
                return taken
            await self.bell.wait(left)
        return []

    async def stops_for(self, worker: Worker) -> list[str]:
        """Say which jobs a worker is to drop; waits for one, as `work_for` does."""
        deadline = time.monotonic() + self._settings.poll
        while not (worker.stops or worker.is_leaving or self.is_closing):
            if (left := deadline - time.monotonic()) <= 0:
                break
            await self.bell.wait(left)
        told, worker.stops = worker.stops, []
        return told

    def progress(self, worker: Worker, job_id: str, output: Any) -> None:
        """Note what a worker reports on the way."""
        if job := self._store.get(job_id):
            self._changed(job, jobs.progress(job, worker.id, output))

    def finish(self, worker: Worker, job_id: str, output: Any, error: str | None) -> None:
        """Take a result; one that nobody waits for any more changes nothing."""
        if job := self._store.get(job_id):
            self._changed(job, jobs.finish(job, worker.id, output, error, now_ms()))

    # Its own life.

    async def run(self) -> None:
        """Do what time and the queue ask for, until cancelled."""
        self._lose(None)
        while True:
            self._expire()
            self._store.forget(now_ms())
            self._postman.post_due(now_ms())
            await self.fleet.scale(has_work=self._store.next_queued() is not None)
            await self.bell.wait(self._seconds_to_next())

    def close(self) -> None:
        """Let go of all who wait: the process is about to end."""
        self.is_closing = True
        self.bell.ring()

    async def stop(self) -> None:
        """End the worker and the webhooks on their way; what is unfinished is taken up at the next start."""
        self.is_closing = True
        await self._postman.stop()
        await self.fleet.stop()

    def _take(self, worker: Worker, most: int) -> list[Job]:
        self._expire()
        taken: list[Job] = []
        while len(taken) < most and (job := self._store.next_queued()):
            taken.append(self._changed(job, jobs.take(job, worker.id, now_ms())))
        if taken:
            self.fleet.works(worker)
        return taken

    def _expire(self) -> None:
        for job in self._store.expired(now_ms()):
            if job.status is Status.IN_PROGRESS:
                self.fleet.kill(job.worker_id)
            self._changed(job, jobs.expire(job, now_ms()))

    def _worker_ended(self, worker_id: str) -> None:
        if not self.is_closing:  # else the next start takes its jobs back
            self._lose(worker_id)

    def _lose(self, worker_id: str | None) -> None:
        """Take back what a worker held; None stands for the workers of a former process."""
        for job in self._store.running():
            if worker_id in (None, job.worker_id):
                self._requeued(self._changed(job, jobs.lose(job, now_ms())))
        self.bell.ring()

    def _requeued(self, job: Job) -> Job:
        self.requeued += job.status is Status.IN_QUEUE
        return job

    def _changed(self, before: Job, after: Job) -> Job:
        if after != before:
            self._store.save(after)
            self._tell(after, was=before.status)
        return after

    def _tell(self, job: Job, was: Status | None = None) -> None:
        if job.status != was:
            journal.write("job", id=job.id, status=job.status, worker=job.worker_id, attempts=job.attempts)
        self.bell.ring()

    def _seconds_to_next(self) -> float | None:
        moments = [self._store.next_deadline(), self._postman.next_at()]
        waits = [max(0.0, (moment - now_ms()) / 1000) for moment in moments if moment is not None]
        if (wake := self.fleet.wakes_in()) is not None:
            waits.append(wake)
        return min(waits, default=None)
