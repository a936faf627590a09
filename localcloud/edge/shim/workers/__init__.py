"""What a worker imports from Cloudflare's Python SDK, for a runtime that is older than that SDK.

The runtime's own `cloudflare.workers` is its predecessor.
Not here: Durable Objects, Workflows, Blob, File and RPC.
Source: github.com/cloudflare/workers-py.
"""

from __future__ import annotations

import json
from asyncio import ensure_future
from http import HTTPMethod, HTTPStatus
from typing import TYPE_CHECKING, Any

import js
from cloudflare.workers import FetchResponse, FormData  # type: ignore[import-not-found]  # the runtime brings it
from pyodide.ffi import to_js

if TYPE_CHECKING:
    from collections.abc import Awaitable
    from email.message import Message

__all__ = ["Context", "FetchResponse", "FormData", "Request", "Response", "WorkerEntrypoint", "fetch"]


class Context:
    """What a request's work may outlive it by; anything else is the runtime's own context."""

    __slots__ = ("js_object",)

    def __init__(self, js_object: Any) -> None:
        self.js_object = js_object

    def __getattr__(self, name: str) -> Any:
        return getattr(self.js_object, name)

    def waitUntil(self, work: Awaitable[Any]) -> None:  # noqa: N802  # Cloudflare's name
        """Keep the request's context alive until the work, Python's or JavaScript's, is done."""
        done = js.Promise.withResolvers()
        ensure_future(work).add_done_callback(lambda _: done.resolve())
        self.js_object.waitUntil(done.promise)


class WorkerEntrypoint:
    """The class that a worker's `Default` extends; one is made for each request."""

    def __init__(self, ctx: Any, env: Any) -> None:
        self.ctx = Context(ctx)
        self.env = env


class Request:
    """An incoming or outgoing request; `js_object` is the runtime's own."""

    __slots__ = ("js_object",)

    def __init__(self, resource: Any, **options: Any) -> None:
        # Each incoming request comes this way: a proxy of the runtime's object, and nothing to set.
        if not options and not isinstance(resource, str | Request):
            self.js_object = resource
            return
        self.js_object = js.Request.new(_js(resource), **_options(options))

    @property
    def url(self) -> str:
        """The whole address."""
        return self.js_object.url  # type: ignore[no-any-return]  # a JavaScript string is a str

    @property
    def method(self) -> HTTPMethod:
        """The verb; it equals its name as a string."""
        return HTTPMethod(self.js_object.method)

    @property
    def headers(self) -> Message:
        """A copy of the headers; names are found in any case."""
        from email.message import Message  # noqa: PLC0415  # costs start-up time, and few workers ask

        headers = Message()
        for name, value in self.js_object.headers:
            headers[name] = value
        return headers

    @property
    def body(self) -> Any:
        """The runtime's ReadableStream, or None."""
        return self.js_object.body

    @property
    def body_used(self) -> bool:
        """Whether the body was read."""
        return self.js_object.bodyUsed  # type: ignore[no-any-return]  # a JavaScript boolean is a bool

    async def text(self) -> str:
        """Read the whole body as text."""
        return await self.js_object.text()  # type: ignore[no-any-return]  # a JavaScript string is a str

    async def json(self, **options: Any) -> Any:
        """Read the whole body as JSON."""
        return json.loads(await self.text(), **options)

    async def buffer(self) -> Any:
        """Read the whole body into an ArrayBuffer."""
        return await self.js_object.arrayBuffer()

    async def bytes(self) -> bytes:
        """Read the whole body."""
        return (await self.buffer()).to_bytes()  # type: ignore[no-any-return]  # Pyodide's buffers know it

    async def form_data(self) -> FormData:
        """Read the whole body as a form."""
        return FormData(await self.js_object.formData())

    def clone(self) -> Request:
        """Copy the request, so that its body can be read twice."""
        return Request(self.js_object.clone())


class Response(FetchResponse):  # type: ignore[misc]  # its base has no types
    """An answer; `js_object` is the runtime's own."""

    def __init__(
        self,
        body: Any = None,
        status: HTTPStatus | int | None = None,
        status_text: str = "",
        headers: Any = None,
        web_socket: Any = None,
    ) -> None:
        options = _options(
            {"status": status, "statusText": status_text, "headers": headers, "webSocket": web_socket}
        )
        made = body if _is_js_response(body) and not options else js.Response.new(_js(body), **options)
        super().__init__(made.url, made)

    @property
    def js_object(self) -> Any:
        """The runtime's own Response."""
        return self.js_response

    @staticmethod
    def redirect(url: str, status: HTTPStatus | int = HTTPStatus.FOUND) -> Any:
        """Send the client elsewhere."""
        return js.Response.redirect(url, int(status))

    @staticmethod
    def from_json(
        data: Any, status: HTTPStatus | int = HTTPStatus.OK, status_text: str = "", headers: Any = None
    ) -> Response:
        """Answer with data as JSON."""
        sent = _headers(headers if headers is not None else {})
        if not sent.has("content-type"):
            sent.set("content-type", "application/json")
        return Response(json.dumps(data), status, status_text, sent)

    def json(self, *arguments: Any, **options: Any) -> Any:
        """Read the body as JSON; called on the class with data, as `from_json`."""
        if isinstance(self, Response):
            return super().json(*arguments, **options)
        return Response.from_json(self, *arguments, **options)


async def fetch(resource: Any, **options: Any) -> Response:
    """Send a request."""
    return Response(await js.fetch(_js(resource), **_options(options)))


def _is_js_response(value: Any) -> bool:
    return getattr(getattr(value, "constructor", None), "name", None) == "Response"


def _js(value: Any) -> Any:
    if isinstance(value, bytes | bytearray | memoryview):
        return to_js(value)
    if isinstance(value, FormData):
        return value.js_form_data
    return getattr(value, "js_object", value)


def _options(options: dict[str, Any]) -> dict[str, Any]:
    told = {name: value for name, value in options.items() if value is not None and value != ""}
    if "headers" in told:
        told["headers"] = _headers(told["headers"])
    if "body" in told:
        told["body"] = _js(told["body"])
    if "status" in told:
        told["status"] = int(told["status"])
    if isinstance(told.get("method"), HTTPMethod):
        told["method"] = told["method"].value
    return told


def _headers(headers: Any) -> Any:
    if isinstance(headers, dict):
        headers = list(headers.items())
    return js.Headers.new(to_js(headers)) if isinstance(headers, list) else headers
