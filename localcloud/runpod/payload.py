"""Reads a request's body up to a size."""

from __future__ import annotations

from typing import TYPE_CHECKING

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
