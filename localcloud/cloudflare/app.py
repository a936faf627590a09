"""The emulator as an ASGI app: who may call, which resource answers, and the envelope around what it says."""

from __future__ import annotations

import hmac
import re
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse, Response
from starlette.routing import Route, Router

from localcloud.cloudflare import (
    accounts,
    deployments,
    edge_routes,
    r2,
    routes,
    schedules,
    script_secrets,
    script_settings,
    scripts,
    subdomain,
    tokens,
    versions,
    workers,
    zones,
)
from localcloud.cloudflare.call import Answer, Call
from localcloud.cloudflare.errors import (
    ApiError,
    AuthenticationError,
    MethodNotAllowedError,
    UnknownPathError,
    ZoneNotFoundError,
)
from localcloud.request_log import RequestLog

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping

    from starlette.requests import Request
    from starlette.types import Receive, Scope, Send

    from localcloud.cloudflare.call import Handler
    from localcloud.cloudflare.cloud import Cloud

UNKNOWN = {"code": 10013, "message": "An unknown error has occurred. See `ops local logs cloudflare`."}
PREFIX = "/client/v4"  # where the real API lives; clients may send it or not
ID = re.compile(r"[0-9a-f]{32}")
RESOURCES = (
    accounts.RESOURCE,
    deployments.RESOURCE,
    r2.RESOURCE,
    routes.RESOURCE,
    schedules.RESOURCE,
    script_secrets.RESOURCE,
    script_settings.RESOURCE,
    scripts.RESOURCE,
    subdomain.RESOURCE,
    tokens.RESOURCE,
    versions.RESOURCE,
    workers.RESOURCE,
    zones.RESOURCE,
)


def create_app(cloud: Cloud, token: str, control: str) -> RequestLog:
    """Wire the resources to paths; `token` opens the API, `control` the routes that the edge asks."""
    table = [Route("/_local/health", _health, methods=["GET"])]
    table += [
        Route(path, _internal(cloud, control, verbs["GET"])) for path, verbs in edge_routes.RESOURCE.items()
    ]
    endpoints = {
        path: _endpoint(cloud, token, path, verbs) for part in RESOURCES for path, verbs in part.items()
    }
    for prefix in (PREFIX, ""):
        table += [
            Route(prefix + path, endpoint, methods=list(_VERBS)) for path, endpoint in endpoints.items()
        ]
    table.append(Route("/{path:path}", _unknown(token), methods=list(_VERBS)))
    return RequestLog(Router(routes=table, redirect_slashes=False), failed)


_VERBS = ("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS")


async def _health(_request: Request) -> JSONResponse:
    return JSONResponse({"ok": True})


def _endpoint(
    cloud: Cloud, token: str, path: str, verbs: Mapping[str, Handler]
) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        try:
            tokens.authenticate(
                request.headers.get("authorization"), token, verifying=path in tokens.VERIFY_PATHS
            )
            handler = verbs.get("GET" if request.method == "HEAD" else request.method)
            if handler is None:
                raise MethodNotAllowedError(sorted(verbs))
            _check_owner(cloud, request)
            answer = await handler(_call(cloud, request))
        except ApiError as error:
            return refused(request, error)
        return answer if isinstance(answer, Response) else accepted(answer)

    return respond


def _internal(cloud: Cloud, control: str, handler: Handler) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        expected = f"Bearer {control}".encode()
        if not hmac.compare_digest(request.headers.get("authorization", "").encode(), expected):
            return JSONResponse(
                {"error": "The bearer token is not secrets.control of this local cloud."}, 401
            )
        answer = await handler(_call(cloud, request))
        return answer if isinstance(answer, Response) else accepted(answer)

    return respond


def _unknown(token: str) -> Callable[[Request], Awaitable[Response]]:
    async def respond(request: Request) -> Response:
        try:
            tokens.authenticate(request.headers.get("authorization"), token)
        except ApiError as error:
            return refused(request, error)
        return refused(request, UnknownPathError(PREFIX + request.url.path.removeprefix(PREFIX)))

    return respond


def _check_owner(cloud: Cloud, request: Request) -> None:
    """See that the token has access to the account or zone in the path: it is this one's alone."""
    for name, owned in (("account_id", cloud.account_id), ("zone_id", None)):
        given = request.path_params.get(name)
        if given is None:
            continue
        if not ID.fullmatch(given):
            raise UnknownPathError(PREFIX + request.url.path.removeprefix(PREFIX))
        if name == "account_id" and given != owned:
            raise AuthenticationError
        if name == "zone_id" and cloud.store.committed.get("zone", given) is None:
            raise ZoneNotFoundError


def _call(cloud: Cloud, request: Request) -> Call:
    return Call(cloud, request, cloud.clock(), request.path_params, request.query_params)


def accepted(answer: Answer) -> JSONResponse:
    """The envelope of a success."""
    body: dict[str, Any] = {"success": True, "errors": [], "messages": answer.messages}
    if not answer.bare:
        body["result"] = answer.result
    if answer.result_info is not None:
        body["result_info"] = answer.result_info
    return JSONResponse(body)


def refused(request: Request, error: ApiError) -> JSONResponse:
    """The envelope of a refusal; its codes go into the log line."""
    request.scope["facts"] = {"codes": [one["code"] for one in error.errors]}
    headers = {"allow": ", ".join(error.allowed)} if isinstance(error, MethodNotAllowedError) else {}
    return JSONResponse(_envelope(error.errors), error.status, headers=headers)


async def failed(scope: Scope, receive: Receive, send: Send) -> None:
    """The envelope of a fault of ours."""
    scope["facts"] = {"codes": [UNKNOWN["code"]]}
    await JSONResponse(_envelope([UNKNOWN]), 500)(scope, receive, send)


def _envelope(errors: list[dict[str, Any]]) -> dict[str, Any]:
    return {"success": False, "errors": errors, "messages": [], "result": None}
