"""Answers requests: finds the route, checks who asks, and lets nothing out but an answer."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from api.errors import ApiError, UnauthorizedError
from api.http import JSON, Request, Response, decode_path, json_response
from api.router import Access, Family, Place, Route, Router
from api.trace import REQUEST_ID

if TYPE_CHECKING:
    from collections.abc import Coroutine

    from api.core import Core

# JSON is never a page; a stored file opened in a browser may show itself and do nothing else.
SECURITY_HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Strict-Transport-Security": "max-age=31536000; includeSubDomains",
    "Content-Security-Policy": (
        "default-src 'none'; img-src 'self'; media-src 'self'; frame-ancestors 'none'; sandbox"
    ),
}
EXPOSED = "X-Request-Id, ETag, Content-Range, Accept-Ranges, Content-Disposition, Retry-After"
ACCEPTED = "Authorization, Content-Type, Idempotency-Key, If-None-Match, If-Range, Range"
PREFLIGHT_SECONDS = "600"
_SERVER_ERROR = 500
_FAILURES = frozenset({500, 502, 503})  # 501 is a feature that is off: nothing to wake anybody for


class Application:
    """All families of clients on one core."""

    def __init__(self, core: Core, families: tuple[Family, ...]) -> None:
        self._core = core
        self._families = families
        self._router = Router(families)
        self._origins = core.settings.origins
        self.instant = {
            route.path: route.instant for family in families for route in family.routes if route.instant
        }
        self._static = {**SECURITY_HEADERS, **({"Vary": "Origin"} if self._origins else {})}

    async def answer(self, request: Request) -> Response:
        """Answer a request, whatever it is."""
        REQUEST_ID.set(request.id)
        began, quiet = self._core.clock(), False
        place: Place | None = None
        route: Route | None = None
        try:
            place = self._router.find(request)
            if request.method == "OPTIONS":
                response = Response(None, 204, "", {"Allow": place.allow})
            else:
                route = place.route(request.method)
                quiet = route.instant is not None
                response = await self._serve(route, request)
        except ApiError as error:
            if error.status == _SERVER_ERROR:
                self._log_failure(error)
            response = self._refuse(error, request, place, route)
        except Exception as error:  # noqa: BLE001 - the last line: whatever went wrong, the client gets an answer
            self._log_failure(error)
            response = self._refuse(ApiError("our mistake; it is logged"), request, place, route)
        self._finish(request, response)
        if not quiet or response.status in _FAILURES:
            self._log(request, response, began)
        return response

    async def _serve(self, route: Route, request: Request) -> Response:
        if route.access is Access.ADMIN:
            if not self._core.auth.is_admin(request.header("authorization")):
                raise UnauthorizedError
        elif route.access is not Access.PUBLIC:
            request.caller = await self._core.auth.caller(request.header("authorization"))
            if route.access is Access.USER and request.caller.is_admin:
                raise UnauthorizedError
        request.key = decode_path(request.key)
        return await route.handler(request)

    def _refuse(
        self, error: ApiError, request: Request, place: Place | None, route: Route | None
    ) -> Response:
        if place is None:
            render = (self._router.owner(request.path) or self._families[0]).render_error
        elif route and route.user_words and self._core.auth.shows_token(request.header("authorization")):
            render = route.user_words.render_error
        else:
            render = place.family.render_error
        return json_response(render(error), error.status, dict(error.headers))

    def _finish(self, request: Request, response: Response) -> None:
        if request.method == "HEAD":
            response.body = None
        origin = request.header("origin") if self._origins else None
        if origin in self._origins:
            response.headers["Access-Control-Allow-Origin"] = str(origin)
            response.headers["Access-Control-Expose-Headers"] = EXPOSED
            if request.method == "OPTIONS" and "Allow" in response.headers:
                response.headers["Access-Control-Allow-Methods"] = response.headers["Allow"]
                response.headers["Access-Control-Allow-Headers"] = ACCEPTED
                response.headers["Access-Control-Max-Age"] = PREFLIGHT_SECONDS

    async def behind(self, work: Coroutine[Any, Any, Any]) -> None:
        """Do what a request left behind its answer; nobody waits for it, so what goes wrong is logged."""
        try:
            await work
        except Exception as error:  # noqa: BLE001 - the last line, as for an answer
            self._log_failure(error)

    @property
    def minds_origins(self) -> bool:
        """Whether an answer depends on the site that a browser asks from."""
        return bool(self._origins)

    def headers(self, response: Response) -> dict[str, str]:
        """Give all headers of an answer but its request id."""
        headers = {"Content-Type": response.content_type} if response.content_type else {}
        cache = {"Cache-Control": "no-store"} if response.content_type == JSON else {}
        return {**self._static, **headers, **cache, **response.headers}

    def _log(self, request: Request, response: Response, began: float) -> None:
        level = "error" if response.status in _FAILURES else "info"
        milliseconds = round((self._core.clock() - began) * 1000)
        fields = {
            "method": request.method,
            "path": request.path,
            "status": response.status,
            "ms": milliseconds,
        }
        self._core.log(level, "request", **fields)

    def _log_failure(self, error: Exception) -> None:
        from traceback import format_exception  # noqa: PLC0415 - only ever needed here, so not at start

        self._core.log("error", "unexpected failure", error="".join(format_exception(error)))
