"""One JSON line a request: what was asked and how it ended, never a body, a query or a header."""

from __future__ import annotations

import json
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send

UNKNOWN = {"code": 10013, "message": "An unknown error has occurred. See `ops local logs cloudflare`."}


class RequestLog:
    """Wraps the app; also the last to answer when a request fails inside."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and write its line."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        began, status = time.perf_counter(), 0

        async def noted(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        failure = {}
        try:
            await self.app(scope, receive, noted)
        except Exception as error:  # noqa: BLE001 - whatever went wrong, the caller gets an envelope
            failure = _failure(error)
            scope["error_codes"] = [UNKNOWN["code"]]
            if not status:
                body = {"success": False, "errors": [UNKNOWN], "messages": [], "result": None}
                await JSONResponse(body, 500)(scope, receive, noted)
        _write(scope, status, (time.perf_counter() - began) * 1000, failure)


def _write(scope: Scope, status: int, milliseconds: float, failure: dict[str, Any]) -> None:
    line = {
        "ts": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": "request",
        "method": scope["method"],
        "path": scope["path"],
        "status": status,
        "ms": round(milliseconds, 1),
        "codes": scope.get("error_codes", []),
        **failure,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _failure(error: Exception) -> dict[str, Any]:
    """Where it went wrong; not the error's text, which may quote a body."""
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    where = [f"{frame.name}:{frame.lineno}" for frame in frames]
    return {"error": type(error).__name__, "where": where}
