"""The `Provider` port in memory: every order gets an id of its own, and the state that a test sets."""

from __future__ import annotations

import asyncio
from typing import Any

from api.errors import ProviderError


class MemoryProvider:
    """The `Provider` port.

    Attributes:
        orders: what was asked for, by the id given.
        states: what is told of a job; None is a job that is forgotten, an exception is raised.
        cancelled: the jobs that were cancelled here.
        busiest: how many calls were open at once at most.
    """

    def __init__(self) -> None:
        self.orders: dict[str, dict[str, Any]] = {}
        self.states: dict[str, Any] = {}
        self.cancelled: list[str] = []
        self.asked: list[str] = []
        self.refusal: Exception | None = None
        self.busiest = 0
        self._busy = 0

    async def submit(self, body: dict[str, Any]) -> dict[str, Any]:
        await self._call()
        provider_job_id = f"rp-{len(self.orders) + 1}"
        self.orders[provider_job_id] = body
        return {"id": provider_job_id, "status": "IN_QUEUE"}

    async def status(self, provider_job_id: str) -> dict[str, Any] | None:
        self.asked.append(provider_job_id)
        await self._call()
        told = self.states.get(provider_job_id, {"status": "IN_QUEUE"})
        if isinstance(told, Exception):
            raise told
        return None if told is None else {"id": provider_job_id, **told}

    async def cancel(self, provider_job_id: str) -> bool:
        self.cancelled.append(provider_job_id)
        await self._call()
        return True

    async def health(self) -> None:
        await self._call()

    async def _call(self) -> None:
        self._busy += 1
        self.busiest = max(self.busiest, self._busy)
        for _ in range(3):  # others get their turns meanwhile, as during real I/O
            await asyncio.sleep(0)
        self._busy -= 1
        if self.refusal is not None:
            raise self.refusal


def unreachable() -> ProviderError:
    return ProviderError("RunPod gave no answer: no connection")
