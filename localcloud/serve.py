"""Serves one of the local cloud's apps on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

GRACE_SECONDS = 3


def serve(app: ASGIApp, port: int) -> None:
    """Serve until SIGTERM, then finish open requests for at most three seconds."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
    )
