"""Wakes everyone who waits for something to change."""

from __future__ import annotations

import asyncio
from contextlib import suppress


class Bell:
    """Rung after each change; who waits looks again whether the change concerns him."""

    def __init__(self) -> None:
        self._next = asyncio.Event()

    def ring(self) -> None:
        """Wake all that wait."""
        rung, self._next = self._next, asyncio.Event()
        rung.set()

    async def wait(self, seconds: float | None) -> None:
        """Wait for the next ring, at most this long; None is for ever."""
        with suppress(TimeoutError):
            await asyncio.wait_for(self._next.wait(), seconds)
