"""One JSON line a request: which operation on which bucket and how it ended; no key, body or header."""

from __future__ import annotations

import json
import sys
import time
import traceback
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from localcloud.r2.body import DisconnectedError
from localcloud.r2.errors import InternalError
from localcloud.r2.server import send_error

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Message, Receive, Scope, Send


class RequestLog:
    """Wraps the server; also the last to answer when a request fails inside."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on, and write its line; there is nothing to do when the process starts or ends."""
        if scope["type"] != "http":
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
        except DisconnectedError:
            failure = {"error": "the caller left before its upload was whole; nothing was stored"}
        except Exception as error:
            failure = _failure(error)
            if status:
                raise  # half an answer is out: the server must cut it off
            await send_error(noted, InternalError())
        finally:
            _write(scope, {"status": status, "ms": _since(began), "sent_bytes": sent, **failure})


def _since(began: float) -> float:
    return round((time.perf_counter() - began) * 1000, 1)


def _write(scope: Scope, outcome: dict[str, Any]) -> None:
    operation, bucket = scope.get("r2", ("", ""))
    line = {
        "ts": datetime.now(UTC).isoformat(timespec="milliseconds"),
        "event": "request",
        "method": scope["method"],
        "path": scope["path"],
        "operation": operation,
        "bucket": bucket,
        **outcome,
    }
    sys.stdout.write(json.dumps(line) + "\n")
    sys.stdout.flush()


def _failure(error: Exception) -> dict[str, Any]:
    """What and where it went wrong."""
    frames = traceback.extract_tb(error.__traceback__)[-5:]
    return {
        "error": f"{type(error).__name__}: {error}",
        "where": [f"{one.name}:{one.lineno}" for one in frames],
    }
