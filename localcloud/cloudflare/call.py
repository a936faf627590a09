"""One request to the API and its answer, as the resources see them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from localcloud.cloudflare.errors import BodyTooLargeError, MalformedBodyError
from localcloud.cloudflare.fields import Fields, parse_json

if TYPE_CHECKING:
    from datetime import datetime

    from starlette.requests import Request
    from starlette.responses import Response

    from localcloud.cloudflare.cloud import Cloud

# Base64 of the 10 MB a worker may have, and room for its metadata.
BODY_BYTES = 16 * 2**20


@dataclass(frozen=True)
class Answer:
    """What goes into the envelope. `bare` leaves `result` out, as Cloudflare does for some deletions."""

    result: Any = None
    result_info: Mapping[str, Any] | None = None
    messages: list[dict[str, Any]] = field(default_factory=list)
    bare: bool = False


@dataclass(frozen=True)
class Call:
    """A request, authenticated; its account and zone exist."""

    cloud: Cloud
    request: Request
    now: datetime
    params: Mapping[str, str]
    query: Mapping[str, str]

    async def raw(self) -> bytes:
        """The body.

        Raises:
            BodyTooLargeError: it is over 16 MiB.
        """
        parts = bytearray()
        async for part in self.request.stream():
            parts += part
            if len(parts) > BODY_BYTES:
                raise BodyTooLargeError(BODY_BYTES)
        return bytes(parts)

    async def fields(self) -> Fields:
        """The body, a JSON object."""
        document = parse_json(await self.raw())
        if not isinstance(document, dict):
            raise MalformedBodyError("an object is expected")
        return Fields(document)


Handler = Callable[[Call], Awaitable["Answer | Response"]]
# Path -> verb -> handler: what each resource's file gives to the app.
Resource = Mapping[str, Mapping[str, Handler]]
