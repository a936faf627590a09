"""JSON in and out: bodies up to a size, and only what every JSON parser takes."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NoReturn

from starlette.responses import Response

if TYPE_CHECKING:
    from starlette.requests import Request


class PayloadTooLargeError(ValueError):
    """The body is larger than RunPod takes."""


async def read(request: Request, most: int) -> bytes:
    """Read a body, holding no more than `most` bytes of it.

    Raises:
        PayloadTooLargeError: there is more.
    """
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > most:
            raise PayloadTooLargeError(f"The request is larger than {most} bytes. Send less, or an address.")
    return bytes(body)


def parse(body: bytes) -> Any:
    """Parse JSON strictly.

    Raises:
        ValueError: it is not JSON, nests too deep, or holds NaN or Infinity.
    """
    try:
        return json.loads(body, parse_constant=_refuse)
    except RecursionError:
        raise ValueError("nested too deep") from None


def answer(document: object, status: int = 200) -> Response:
    """Answer in ASCII: a text may hold half of a surrogate pair, which UTF-8 cannot."""
    return Response(json.dumps(document), status, media_type="application/json")


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
