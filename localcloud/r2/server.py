"""The server that workerd's R2 binding talks to: one URL, the operation in JSON, bytes streamed both ways.

Source of the framing: workerd, src/workerd/api/r2-rpc.c++. Plain ASGI: objects pass through in pieces.
"""

from __future__ import annotations

import asyncio
import hmac
from typing import TYPE_CHECKING

from localcloud.r2.body import Body, DisconnectedError
from localcloud.r2.byte_range import Span
from localcloud.r2.errors import (
    EntityTooLargeError,
    InternalError,
    InvalidRequestError,
    PreconditionFailedError,
    R2Error,
    UnauthorizedError,
)
from localcloud.r2.protocol import (
    Delete,
    Get,
    Head,
    List,
    Put,
    error_json,
    object_json,
    page_json,
    request_of,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import BinaryIO

    from starlette.types import Receive, Scope, Send

    from localcloud.r2.store import Store

HEALTH = "/_local/health"
PIECE_BYTES = 64 * 1024
METADATA_BYTES = 8 * 1024 * 1024  # a delete of 1,000 keys, each byte of them escaped
VALUE_BYTES = 5 * 1024**3 - 5 * 1024**2  # https://developers.cloudflare.com/r2/platform/limits/
OK = 200


class Server:
    """The ASGI app.

    Args:
        token: what callers show as bearer token.
    """

    def __init__(self, store: Store, token: str) -> None:
        self._store = store
        self._expected = f"Bearer {token}".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request; there is nothing to do when the process starts or ends."""
        if scope["type"] != "http":
            return
        headers = dict(scope["headers"])
        if scope["path"] == HEALTH:
            await _send_whole(send, OK, b'{"ok":true}', {})
            return
        try:
            if not hmac.compare_digest(headers.get(b"authorization", b""), self._expected):
                raise UnauthorizedError
            await self._operate(scope, headers, Body(receive), send)
        except R2Error as error:
            await _refuse(send, error)
        except DisconnectedError:
            failure = "the caller left before its upload was whole; nothing was stored"
            scope["facts"] = {**scope.get("facts", {}), "error": failure}

    async def _operate(self, scope: Scope, headers: Mapping[bytes, bytes], body: Body, send: Send) -> None:
        bucket = headers.get(b"x-r2-bucket", b"").decode("latin-1")
        writes = scope["method"] == "PUT"
        text = await _metadata(headers, body) if writes else headers.get(b"cf-r2-request", b"")
        request = request_of(text)
        scope["facts"] = {"operation": type(request).__name__.lower(), "bucket": bucket}
        match request:
            case Head() if not writes:
                stored = await asyncio.to_thread(self._store.head, bucket, request.key)
                await _send_metadata(send, object_json(stored))
            case Get() if not writes:
                await self._get(send, bucket, request)
            case List() if not writes:
                page = await asyncio.to_thread(self._store.list, bucket, request.listing)
                await _send_metadata(send, page_json(page))
            case Delete() if writes:
                await asyncio.to_thread(self._store.delete, bucket, request.keys)
                await _send_metadata(send, b"{}")
            case Put() if writes:
                await self._put(send, bucket, request, body)
            case _:
                raise InvalidRequestError

    async def _get(self, send: Send, bucket: str, request: Get) -> None:
        stored, file = await asyncio.to_thread(self._store.get, bucket, request.key, request.only_if)
        with file:
            span = request.byte_range.within(stored.size) if request.byte_range else None
            metadata = object_json(stored, span)
            await _send_object(send, metadata, file, span or Span(0, stored.size))

    async def _put(self, send: Send, bucket: str, request: Put, body: Body) -> None:
        draft = await asyncio.to_thread(self._store.draft, bucket, request.key, request.description)
        try:
            async for piece in body.rest():
                draft.write(piece)
                if draft.size > VALUE_BYTES:
                    raise EntityTooLargeError  # noqa: TRY301 - the draft goes, as with any other failure
        except BaseException:
            draft.discard()
            raise
        stored = await asyncio.to_thread(
            self._store.publish, draft, bucket, request.key, request.description, request.only_if
        )
        await _send_metadata(send, object_json(stored))


async def fail(_scope: Scope, _receive: Receive, send: Send) -> None:
    """Answer that something of ours went wrong."""
    await _refuse(send, InternalError())


async def _refuse(send: Send, error: R2Error) -> None:
    """Refuse; a reader whose condition failed gets the object's metadata all the same."""
    headers = {b"cf-r2-error": error_json(error)}
    stored = error.stored if isinstance(error, PreconditionFailedError) else None
    body = object_json(stored) if stored else b""
    if stored:
        headers[b"cf-r2-metadata-size"] = str(len(body)).encode()
    await _send_whole(send, error.status, body, headers)


async def _metadata(headers: Mapping[bytes, bytes], body: Body) -> bytes:
    size = headers.get(b"cf-r2-metadata-size", b"")
    if not size.isdigit() or int(size) > METADATA_BYTES:
        raise InvalidRequestError
    return await body.beginning(int(size))


async def _send_metadata(send: Send, metadata: bytes) -> None:
    await _send_whole(send, OK, metadata, {b"cf-r2-metadata-size": str(len(metadata)).encode()})


async def _send_whole(send: Send, status: int, body: bytes, headers: Mapping[bytes, bytes]) -> None:
    await _start(send, status, len(body), headers)
    await send({"type": "http.response.body", "body": body})


async def _send_object(send: Send, metadata: bytes, file: BinaryIO, span: Span) -> None:
    size = str(len(metadata)).encode()
    await _start(send, OK, len(metadata) + span.length, {b"cf-r2-metadata-size": size})
    await send({"type": "http.response.body", "body": metadata, "more_body": True})
    file.seek(span.offset)
    left = span.length
    while left:
        piece = file.read(min(PIECE_BYTES, left))
        if not piece:
            raise EOFError(f"{file.name} is {left} bytes short")
        left -= len(piece)
        await send({"type": "http.response.body", "body": piece, "more_body": True})
    await send({"type": "http.response.body", "body": b""})


async def _start(send: Send, status: int, length: int, headers: Mapping[bytes, bytes]) -> None:
    always = [(b"content-type", b"application/json"), (b"content-length", str(length).encode())]
    await send({"type": "http.response.start", "status": status, "headers": [*always, *headers.items()]})
