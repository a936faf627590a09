"""How upstreams are asked: HTTP, in the core's words."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Protocol


@dataclass(frozen=True)
class Answer:
    """An upstream's answer, read whole."""

    status: int
    text: str


class FetchError(Exception):
    """An upstream gave no answer: refused, broken off, or not in time."""


class Fetch(Protocol):
    """HTTP to an upstream. Redirects are not followed."""

    async def __call__(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        body: str | None,
        timeout_ms: int,
    ) -> Answer:
        """Send one request, once.

        Raises:
            FetchError: no answer within the time.
        """


@dataclass(frozen=True)
class Transferred:
    """A storage's answer; header names in lower case. A file's body is `stream`, any other `text`."""

    status: int
    headers: dict[str, str]
    stream: Any
    text: str


class Transfer(Protocol):
    """HTTP to a storage: bodies are the runtime's own streams, unread. Redirects are not followed."""

    async def __call__(
        self,
        method: str,
        url: str,
        headers: dict[str, str],
        stream: Any,
        timeout_ms: int,
    ) -> Transferred:
        """Send one request, once; how long the answer's stream then takes is up to who reads it.

        Raises:
            FetchError: no answer has begun within the time.
        """
