"""What every request works with: the state, the edge, the objects of the buckets, and the time."""

from __future__ import annotations

import asyncio
import sqlite3
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import TYPE_CHECKING

from localcloud.cloudflare.edge_view import edge_view
from localcloud.cloudflare.errors import ApiError, UnavailableError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from localcloud.cloudflare.edge import Edge
    from localcloud.cloudflare.sealing import Seal
    from localcloud.cloudflare.store import Records, Store
    from localcloud.r2.store import Store as ObjectStore

# One change may wait for the edge to boot a version; a second one waits for the first, not for ever.
TURN_SECONDS = 50.0
RESTORE_SECONDS = 5.0


class _NotServedError(Exception):
    """The edge did not take a change up."""

    def __init__(self, reason: ApiError) -> None:
        super().__init__(reason)
        self.reason = reason


def utc_now() -> datetime:
    """The clock of a running emulator."""
    return datetime.now(UTC)


class Cloud:
    """One account on this machine."""

    def __init__(  # noqa: PLR0913 - the composition root's only call; each is a collaborator
        self,
        account_id: str,
        store: Store,
        edge: Edge,
        objects: ObjectStore,
        seal: Seal,
        *,
        clock: Callable[[], datetime] = utc_now,
    ) -> None:
        self.account_id = account_id
        self.store = store
        self.edge = edge
        self.objects = objects
        self.seal = seal
        self.clock = clock
        self._turn = asyncio.Lock()

    @asynccontextmanager
    async def change(self) -> AsyncIterator[Records]:
        """One change, one at a time: committed only once the edge serves what it asks for.

        While it is open the edge sees it and nobody else does; what the edge refuses is undone.

        Raises:
            UnavailableError: the edge or the state file cannot be used now.
            InvalidVersionError: the edge cannot start what would be deployed.
        """
        async with self._my_turn():
            try:
                with self.store.writing() as records:
                    before = edge_view(records, self.account_id)
                    yield records
                    if edge_view(records, self.account_id) != before:
                        await self._sync()
            except _NotServedError as refused:
                # The edge may have taken up a part of it, or be late: it pulls what stands once more.
                with suppress(ApiError, TimeoutError):
                    async with asyncio.timeout(RESTORE_SECONDS):
                        await self.edge.sync()
                raise refused.reason from None
            except sqlite3.OperationalError as error:
                raise UnavailableError(
                    f"The emulator's state file cannot be written ({error}). Nothing was changed. "
                    "End the process that holds it or free disk space, then try again."
                ) from error

    async def _sync(self) -> None:
        try:
            await self.edge.sync()
        except ApiError as error:
            raise _NotServedError(error) from error

    @asynccontextmanager
    async def _my_turn(self) -> AsyncIterator[None]:
        try:
            async with asyncio.timeout(TURN_SECONDS):
                await self._turn.acquire()
        except TimeoutError:
            raise UnavailableError(
                f"Another change has been under way for {TURN_SECONDS:.0f} s. This one was not begun. "
                "See `ops local logs cloudflare` and `ops local logs edge`, then try again."
            ) from None
        try:
            yield
        finally:
            self._turn.release()
