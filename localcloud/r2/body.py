"""A request's body, piece by piece as it arrives."""

from __future__ import annotations

from typing import TYPE_CHECKING

from localcloud.r2.errors import InvalidRequestError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive


class DisconnectedError(Exception):
    """The caller left before the body was whole."""


class Body:
    """What ASGI receives; never more than a piece of it in memory.

    Attributes:
        received: bytes so far.
    """

    def __init__(self, receive: Receive) -> None:
        self._receive = receive
        self._held = b""
        self._ended = False
        self.received = 0

    async def beginning(self, size: int) -> bytes:
        """The first bytes, to be read before the rest.

        Raises:
            InvalidRequestError: there are fewer.
            DisconnectedError: the caller left.
        """
        while len(self._held) < size and not self._ended:
            self._held += await self._piece()
        if len(self._held) < size:
            raise InvalidRequestError
        found, self._held = self._held[:size], self._held[size:]
        return found

    async def rest(self) -> AsyncIterator[bytes]:
        """Everything else.

        Raises:
            DisconnectedError: the caller left.
        """
        if self._held:
            yield self._held
            self._held = b""
        while not self._ended:
            yield await self._piece()

    async def _piece(self) -> bytes:
        message = await self._receive()
        if message["type"] == "http.disconnect":
            raise DisconnectedError
        piece: bytes = message.get("body", b"")
        self._ended = not message.get("more_body", False)
        self.received += len(piece)
        return piece
