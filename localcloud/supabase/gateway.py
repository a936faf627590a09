"""What stands before Supabase's services: the API key and CORS."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import JSONResponse, Response

from localcloud.supabase.keys import anon_key, service_role_key

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

    from localcloud.config import Config

GUARDED = ("/rest/v1", "/auth/v1")
OPEN = ("/auth/v1/.well-known/jwks.json",)
EXPOSED = "Content-Range, Location, Preference-Applied, X-Total-Count, Link, X-Supabase-Api-Version"


class Gateway:
    """ASGI middleware around the services."""

    def __init__(self, app: ASGIApp, config: Config) -> None:
        self._app = app
        self._keys = (anon_key(config).encode(), service_role_key(config).encode())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer preflights and requests without a key; pass the rest on."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = Headers(scope=scope)

        async def send_on(message: Message) -> None:
            if message["type"] == "http.response.start":
                answer = MutableHeaders(scope=message)
                answer["Access-Control-Allow-Origin"] = "*"
                answer["Access-Control-Expose-Headers"] = EXPOSED
            await send(message)

        await self._answer(scope, headers, receive, send_on)

    async def _answer(self, scope: Scope, headers: Headers, receive: Receive, send: Send) -> None:
        if scope["method"] == "OPTIONS" and "access-control-request-method" in headers:
            await _preflight(headers)(scope, receive, send)
            return
        path: str = scope["path"]
        if not path.startswith(GUARDED) or path in OPEN:
            await self._app(scope, receive, send)
            return
        key = headers.get("apikey") or _from_query(scope)
        if not key:
            hint = "No `apikey` request header or url param was found."
            await _refusal("No API key found in request", hint)(scope, receive, send)
        elif not any(hmac.compare_digest(key.encode(), known) for known in self._keys):
            hint = "Double check your Supabase `anon` or `service_role` API key."
            await _refusal("Invalid API key", hint)(scope, receive, send)
        else:
            await self._app(_with_authorization(scope, headers, key), receive, send)


def _with_authorization(scope: Scope, headers: Headers, key: str) -> Scope:
    """A request with a key alone acts as the key's role."""
    if "authorization" in headers:
        return scope
    return {**scope, "headers": [*scope["headers"], (b"authorization", f"Bearer {key}".encode())]}


def _from_query(scope: Scope) -> str:
    for pair in scope["query_string"].decode("latin-1").split("&"):
        name, _, value = pair.partition("=")
        if name == "apikey":
            return str(value)
    return ""


def _preflight(headers: Headers) -> Response:
    return Response(
        status_code=200,
        headers={
            "Access-Control-Allow-Methods": "GET,HEAD,PUT,PATCH,POST,DELETE,OPTIONS",
            "Access-Control-Allow-Headers": headers.get("access-control-request-headers", "*"),
            "Access-Control-Max-Age": "3600",
        },
    )


def _refusal(message: str, hint: str) -> JSONResponse:
    return JSONResponse({"message": message, "hint": hint}, 401)
