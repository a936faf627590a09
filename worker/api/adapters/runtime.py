"""Requests and responses between the Workers runtime and the core.

A crossing between Python and JavaScript costs more than most of what either does, so few are made: headers
and bodies are fetched when asked for, and the header set of a plain JSON answer is built once and only told
the request's id.
"""

from __future__ import annotations

import json
import secrets
from asyncio import ensure_future
from typing import TYPE_CHECKING, Any

from js import JSON, Function, Headers, Object
from js import Response as JsResponse
from pyodide.ffi import create_proxy, to_js

from api import http
from api.errors import TooLargeError

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from api.application import Application

_new_response = JsResponse.new
_header = Function.prototype.call.bind(Headers.prototype.get)  # saves the look-up of `get` in each request
_NO_BODY = frozenset({204, 304})


class JsRequest:
    """What the runtime holds of one request."""

    __slots__ = ("_headers", "_request")

    def __init__(self, request: Any, headers: Any) -> None:
        self._request = request
        self._headers = headers

    def header(self, name: str) -> str | None:
        """Give one header's value."""
        # JavaScript's null is None in one Pyodide and `jsnull` in the next; what is empty is there.
        value = _header(self._headers, name)
        return value if isinstance(value, str) else None

    def headers(self) -> dict[str, str]:
        """Give every header, names in lower case."""
        return dict(json.loads(JSON.stringify(Object.fromEntries(self._headers))))

    @property
    def stream(self) -> Any:
        """The body's stream, to hand on unread; None for an empty body."""
        return self._request.body or None

    async def read(self, limit: int) -> bytes:
        """Read the body whole, but never more than one piece over the limit."""
        stream = self.stream
        if stream is None:
            return b""
        announced = self.header("content-length")
        if not announced:
            return await _read(stream.getReader(), limit)
        if int(announced) > limit:
            raise TooLargeError(limit)
        return bytes((await self._request.arrayBuffer()).to_bytes())


async def _read(reader: Any, limit: int) -> bytes:
    pieces = bytearray()
    while not (piece := await reader.read()).done:
        pieces += piece.value.to_bytes()
        if len(pieces) > limit:
            await reader.cancel()
            raise TooLargeError(limit)
    return bytes(pieces)


class Server:
    """Serves one application in one isolate; made at the first request: at start there is no randomness."""

    def __init__(self, application: Application) -> None:
        self._application = application
        self._instant = application.instant
        self._minds_origins = application.minds_origins
        self._prefix = secrets.token_hex(8)
        self._count = 0
        self._plain: dict[int, tuple[Any, Any]] = {}

    async def serve(self, request: Any, ctx: Any) -> Any:
        """Answer the runtime's request with the runtime's response; `ctx` is the request's context."""
        self._count += 1
        request_id = f"{self._prefix}-{self._count:x}"
        method, url, headers = request.method, request.url, request.headers
        instant = self._instant.get(url[url.index("/", 8) :])
        if instant and method == "GET" and not (self._minds_origins and _header(headers, "origin")):
            return self._plain_json(http.Response(instant()), request_id)
        incoming = JsRequest(request, headers)
        behind = self._application.behind
        asked = http.Request(method, url, incoming, request_id, lambda work: _wait_for(ctx, behind(work)))
        answer = await self._application.answer(asked)
        if answer.headers or answer.content_type != http.JSON or answer.body is None:
            return self._build(answer, request_id)
        return self._plain_json(answer, request_id)

    def _plain_json(self, answer: http.Response, request_id: str) -> Any:
        set_header, init = self._plain.get(answer.status) or self._remember(answer)
        set_header("X-Request-Id", request_id)
        return _new_response(answer.body, init)

    def _remember(self, answer: http.Response) -> tuple[Any, Any]:
        headers = Headers.new(_object(self._application.headers(answer)))
        init = to_js({"status": answer.status, "headers": headers}, dict_converter=Object.fromEntries)
        self._plain[answer.status] = (headers.set, init)
        return self._plain[answer.status]

    def _build(self, answer: http.Response, request_id: str) -> Any:
        headers = {**self._application.headers(answer), "X-Request-Id": request_id}
        body = None if answer.status in _NO_BODY else answer.body
        return JsResponse.new(body, _object({"status": answer.status, "headers": headers}))


def _wait_for(ctx: Any, work: Coroutine[Any, Any, Any]) -> None:
    # A task begins by itself; handed over as a coroutine, the work would begin when the runtime awaits it.
    ctx.waitUntil(create_proxy(ensure_future(work)))


def _object(value: dict[str, Any]) -> Any:
    return JSON.parse(json.dumps(value))
