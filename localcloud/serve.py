"""Serves one of the local cloud's apps on loopback."""

from __future__ import annotations

from typing import TYPE_CHECKING

import uvicorn

if TYPE_CHECKING:
    from starlette.types import ASGIApp

GRACE_SECONDS = 3
# RunPod's SDK stands still while a handler renders, ten minutes at most by default, then posts the result on
# the connection that it has, once: closed meanwhile, the result would be lost.
KEEP_ALIVE_SECONDS = 900


def serve(app: ASGIApp, port: int) -> None:
    """Serve until SIGTERM, then finish open requests for at most three seconds."""
    uvicorn.run(
        app,
        host="127.0.0.1",
        port=port,
        log_level="warning",
        access_log=False,
        timeout_graceful_shutdown=GRACE_SECONDS,
        timeout_keep_alive=KEEP_ALIVE_SECONDS,
    )
