"""Sees to it that each finished job's webhook is posted, up to three times."""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from localcloud.runpod import webhook
from localcloud.runpod.job import webhook_answered

if TYPE_CHECKING:
    from localcloud.runpod.bell import Bell
    from localcloud.runpod.job import Job
    from localcloud.runpod.store import Store

AT_ONCE = 8


class Postman:
    """The webhooks on their way. What is owed is in the store, so a killed process forgets none."""

    def __init__(self, store: Store, pause_seconds: float, bell: Bell) -> None:
        self._store = store
        self._pause = round(pause_seconds * 1000)
        self._bell = bell
        self._under_way: dict[str, asyncio.Task[None]] = {}

    def post_due(self, now: int) -> None:
        """Start what is due and not under way, a few at a time."""
        for job in self._store.webhooks_due(now):
            if len(self._under_way) < AT_ONCE and job.id not in self._under_way:
                self._under_way[job.id] = asyncio.create_task(self._post(job))

    def next_at(self) -> int | None:
        """When the next one is due that is not under way; Unix milliseconds."""
        if len(self._under_way) >= AT_ONCE:
            return None  # the end of one rings
        return self._store.next_webhook(set(self._under_way))

    async def stop(self) -> None:
        """Give up what is under way; it is posted again at the next start."""
        for task in self._under_way.values():
            task.cancel()
        await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def _post(self, job: Job) -> None:
        try:
            accepted = await webhook.post(job)
            now = int(time.time() * 1000)
            if (current := self._store.get(job.id)) and current.finished_at == job.finished_at:
                self._store.save(webhook_answered(current, accepted=accepted, pause=self._pause, now=now))
        finally:
            del self._under_way[job.id]
            self._bell.ring()
