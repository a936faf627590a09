"""The stand-in as an ASGI app: its routes, its request log, and the dispatcher that lives as long as it."""

from __future__ import annotations

import asyncio
import os
import signal
import threading
from contextlib import asynccontextmanager, contextmanager, suppress
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.responses import JSONResponse
from starlette.routing import Route

from localcloud import journal
from localcloud.request_log import RequestLog
from localcloud.runpod import routes, worker_routes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator
    from types import FrameType

    from starlette.requests import Request
    from starlette.types import ASGIApp, Receive, Scope, Send

    from localcloud.runpod.dispatcher import Dispatcher


def create_app(dispatcher: Dispatcher, api_key: str) -> ASGIApp:
    """Wire the app; `api_key` is the account's key that clients show."""
    table = [
        Route("/_local/health", _health),
        *routes.table(dispatcher, api_key),
        *worker_routes.table(dispatcher),
    ]

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        # A second SIGTERM handler in front of the server's: it would wait for the worker's open questions.
        loop = asyncio.get_running_loop()
        running = asyncio.create_task(dispatcher.run())
        running.add_done_callback(_end_if_broken)
        with _before_sigterm(lambda: loop.call_soon_threadsafe(dispatcher.close)):
            yield
        running.cancel()
        with suppress(asyncio.CancelledError, Exception):  # what broke it was logged
            await running
        await dispatcher.stop()

    return RequestLog(Starlette(routes=table, lifespan=lifespan), _failed)


async def _failed(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"error": "internal error; see `ops local logs runpod`"}, 500)(scope, receive, send)


async def _health(_: Request) -> JSONResponse:
    return JSONResponse({"ok": True})


def _end_if_broken(running: asyncio.Task[None]) -> None:
    """End the process when the dispatcher failed: it would accept jobs that nobody runs."""
    if not running.cancelled() and (error := running.exception()):
        journal.write("dispatcher_failed", error=repr(error))
        os.kill(os.getpid(), signal.SIGTERM)


@contextmanager
def _before_sigterm(act: Callable[[], object]) -> Iterator[None]:
    """Act when told to end, then let the handler that was there do its part."""
    if threading.current_thread() is not threading.main_thread():  # served inside another program
        yield
        return
    former = signal.getsignal(signal.SIGTERM)

    def handler(number: int, frame: FrameType | None) -> None:
        act()
        if callable(former):
            former(number, frame)

    signal.signal(signal.SIGTERM, handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, former)
