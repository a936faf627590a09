"""One JSON line a request: what was asked and how it ended, never a body, a query or a header."""

from __future__ import annotations

import time
import traceback
from typing import TYPE_CHECKING, Any

from localcloud import journal

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class RequestLog:
    """Wraps an app; what the app puts into `scope["facts"]` stands in the line too.

    Args:
        refuse: answers a request that failed inside before any answer began.
    """

    def __init__(self, app: ASGIApp, refuse: ASGIApp) -> None:
        self._app = app
        self._refuse = refuse

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and write its line."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        began, status, sent = time.perf_counter(), 0, 0

        async def noted(message: Message) -> None:
            nonlocal status, sent
            status = message.get("status", status)
            sent += len(message.get("body", b""))
            await send(message)

        failure: dict[str, Any] = {}
        try:
            await self._app(scope, receive, noted)
        except Exception as error:
            failure = _failure(error)
            if status:
                raise  # half an answer is out: the server must cut it off
            await self._refuse(scope, receive, noted)
        finally:
            asked = {"method": scope["method"], "path": scope["path"]}
            milliseconds = round((time.perf_counter() - began) * 1000, 1)
            ended = {"status": status, "ms": milliseconds, "sent_bytes": sent}
            journal.write("request", **asked, **ended, **scope.get("facts", {}), **failure)


def _failure(error: Exception) -> dict[str, Any]:
    """Where it went wrong; not the error's text, which may quote a body."""
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    where = [f"{frame.name}:{frame.lineno}" for frame in frames]
    return {"error": type(error).__name__, "where": where}
