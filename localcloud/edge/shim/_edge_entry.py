# ruff: noqa: INP001 -- not a package here: workerd is handed the file as a module
"""The module that workerd runs: it hands each request and event to the version's own class `Default`."""

from __future__ import annotations

import json
from asyncio import Task, ensure_future, get_event_loop, iscoroutine
from importlib import import_module
from traceback import StackSummary, TracebackException
from types import SimpleNamespace
from typing import Any

from _edge_main import NAME  # type: ignore[import-not-found]  # made by shim.mjs, one a version
from js import Response

ROOT = "/session/metadata/"  # where the runtime puts a version's modules


def _default() -> Any:
    module = import_module(NAME)
    default = getattr(module, "Default", None)
    if not isinstance(default, type) or not callable(getattr(default, "fetch", None)):
        raise AttributeError(  # noqa: TRY004  # what is missing is an attribute
            f"{NAME}.py has no class Default with a method fetch: no event handler is registered. "
            "Write `class Default(WorkerEntrypoint)` with `async def fetch(self, request)`."
        )
    return default


def _told(failure: BaseException) -> dict[str, str]:
    """The error and its place in the version's source, and the traceback without the edge's frames."""
    told = TracebackException.from_exception(failure)
    own = [frame for frame in told.stack if frame.filename.startswith(ROOT) and frame.filename != __file__]
    told.stack = StackSummary.from_list(own)
    if isinstance(failure, SyntaxError):
        place: tuple[str | None, int | None] = (failure.filename, failure.lineno)
        message = failure.msg
    else:
        place = (own[-1].filename, own[-1].lineno) if own else (None, None)
        message = str(failure)
    where = f" ({place[0]}, line {place[1]})" if place[0] else ""
    error = f"{type(failure).__name__}: {message}{where}".replace(ROOT, "")
    return {"error": error, "detail": "".join(told.format()).replace(ROOT, "")}


class _Waiting:
    """The context of an event: keeps what the version wants waited for."""

    def __init__(self) -> None:
        self.work: list[Any] = []

    def waitUntil(self, work: Any) -> None:  # noqa: N802  # Cloudflare's name
        """Have the event's end wait for it."""
        self.work.append(ensure_future(work))


async def _scheduled(default: Any, event: Any, env: Any) -> Any:
    """Call the version's handler of cron triggers; this runtime has none for Python."""
    ctx = _Waiting()
    controller = SimpleNamespace(cron=event.cron, scheduledTime=event.scheduledTime, type="scheduled")
    try:
        handler = getattr(default(ctx, env), "scheduled", None)
        if handler is None:
            raise AttributeError("Handler does not export a scheduled() function.")  # noqa: TRY301  # told alike
        answer = handler(controller, env, ctx)
        if iscoroutine(answer):
            await answer
        for work in ctx.work:
            await work
    except BaseException as failure:  # noqa: BLE001  # whatever the version raises is told, SystemExit too
        return Response.new(json.dumps(_told(failure)), status=422)
    return Response.new("")


def on_fetch(_request: Any, _env: Any, _ctx: Any) -> Any:
    """Answer the edge's own first request, which imports the version; from then on `_serve` has this name.

    The runtime looks the name up for each request, so serving costs no test for the first one. The edge lets
    clients in only after this answer: none of them can ask for it.
    """
    try:
        default = _default()
    except BaseException as failure:  # noqa: BLE001  # whatever the version raises refuses it, SystemExit too
        return Response.new(json.dumps(_told(failure)), status=422)
    # Imported before, by the version; it may have brought a `workers` of its own, without this class.
    wrap = getattr(import_module("workers"), "Request", lambda request: request)
    loop = get_event_loop()

    def _serve(request: Any, env: Any, ctx: Any) -> Any:
        # Null but for events of the edge's own: their header's name is a secret of edge and runtime.
        if (event := request.cf) is not None:
            return _scheduled(default, event, env)
        answer = default(ctx, env).fetch(wrap(request))
        if not iscoroutine(answer):
            return answer
        # Handed to the runtime as it is, a coroutine begins in a later round of the event loop and its result
        # waits for another; begun here, one that waits for nothing needs neither.
        task = Task(answer, loop=loop, eager_start=True)  # type: ignore[call-arg]  # the runtime's is Python 3.12
        return task.result() if task.done() else task

    globals()["on_fetch"] = _serve
    return Response.new("")
