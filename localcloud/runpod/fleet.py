"""The workers of the endpoint: none at rest, one when there is work."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from localcloud import journal
from localcloud.runpod import worker

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from localcloud.runpod.bell import Bell
    from localcloud.runpod.settings import Settings
    from localcloud.runpod.worker import Worker

LONGEST_CRASH_PAUSE = 30.0


class Fleet:
    """Starts, watches and ends the worker; knows nothing of jobs but their ids."""

    def __init__(
        self, settings: Settings, origin: str, state: Path, bell: Bell, on_end: Callable[[str], None]
    ) -> None:
        self._settings = settings
        self._origin = origin
        self._state = state
        self._bell = bell
        self._on_end = on_end
        self._worker: Worker | None = None
        self._watch: asyncio.Task[None] | None = None
        self._crashes = 0
        self._not_before = 0.0

    def known(self, worker_id: str) -> Worker | None:
        """Find the running worker of this id."""
        return self._worker if self._worker and self._worker.id == worker_id else None

    def asks(self, worker: Worker) -> None:
        """Note that a worker asked for work: it holds none."""
        worker.is_ready, worker.stops = True, []
        if not worker.is_leaving:
            worker.kill_at = None
        if not worker.is_idle:
            worker.is_idle, worker.since = True, time.monotonic()

    def works(self, worker: Worker) -> None:
        """Note that a worker was given work."""
        worker.is_idle, self._crashes = False, 0

    def drop(self, job_id: str, worker_id: str | None) -> None:
        """Have a job dropped; a handler that does not yield cannot hear of it, so its worker is killed."""
        if worker_id and (holder := self.known(worker_id)):
            holder.stops.append(job_id)
            holder.kill_at = time.monotonic() + self._settings.stop_grace

    def kill(self, worker_id: str | None) -> None:
        """Kill a worker."""
        if worker_id and (holder := self.known(worker_id)):
            holder.kill()

    async def scale(self, *, has_work: bool) -> None:
        """Start a worker when there is work for it; end one that idles, hangs or was told in vain."""
        now = time.monotonic()
        if self._worker is None:
            if has_work and now >= self._not_before:
                await self._start(now)
        elif (deadline := self._deadline(self._worker)) is not None and now >= deadline:
            if self._worker.is_idle and not self._worker.is_leaving:
                self._worker.end()
                self._worker.kill_at = now + self._settings.stop_grace
                self._bell.ring()  # its open question for work is answered, so that it can leave
            else:
                self._worker.kill()
                self._worker.kill_at = None

    def wakes_in(self) -> float | None:
        """In how many seconds `scale` has something to do though nothing changes."""
        now = time.monotonic()
        if self._worker is None:
            return self._not_before - now if self._not_before > now else None
        deadline = self._deadline(self._worker)
        return None if deadline is None else max(0.0, deadline - now)

    async def stop(self) -> None:
        """End the worker for good."""
        if self._worker and self._watch:
            self._worker.end()
            done, _ = await asyncio.wait({self._watch}, timeout=worker.STOP_SECONDS)
            if not done:
                self._worker.kill()
                await self._watch

    def census(self) -> dict[str, int]:
        """Count workers as RunPod's /health does."""
        counts = dict.fromkeys(("idle", "initializing", "ready", "running", "throttled", "unhealthy"), 0)
        if self._worker:
            counts["ready"] = int(self._worker.is_ready)
            counts["initializing"] = int(not self._worker.is_ready)
            counts["idle"] = int(self._worker.is_idle)
            counts["running"] = int(self._worker.is_ready and not self._worker.is_idle)
        return counts

    def _deadline(self, holder: Worker) -> float | None:
        if holder.kill_at is not None or holder.is_leaving:
            return holder.kill_at
        if not holder.is_ready:
            return holder.since + self._settings.start
        return holder.since + self._settings.idle if holder.is_idle else None

    async def _start(self, now: float) -> None:
        try:
            self._worker = await worker.start(self._origin, self._state, now)
        except OSError as error:  # no memory, no disk: the jobs wait until there is
            journal.write("worker_not_started", error=str(error))
            self._pause()
            return
        journal.write("worker_started", worker=self._worker.id, pid=self._worker.process.pid)
        self._watch = asyncio.create_task(self._see_off(self._worker))

    async def _see_off(self, holder: Worker) -> None:
        code = await holder.wait()
        journal.write("worker_ended", worker=holder.id, exit_code=code)
        self._worker = None
        if not holder.is_ready:
            self._pause()
        self._on_end(holder.id)

    def _pause(self) -> None:
        self._not_before = time.monotonic() + min(
            self._settings.crash_pause * 2**self._crashes, LONGEST_CRASH_PAUSE
        )
        self._crashes += 1
