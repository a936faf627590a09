"""The operations that RunPod offers its clients on an endpoint."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from starlette.routing import Route

from localcloud.config import RUNPOD_ENDPOINT_ID
from localcloud.runpod import report, submission
from localcloud.runpod.job import RETRYABLE, Job, Status
from localcloud.runpod.payload import PayloadTooLargeError, answer, read

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from localcloud.runpod.dispatcher import Dispatcher

    Operation = Callable[[Dispatcher, Request], Awaitable[Response]]

# https://docs.runpod.io/serverless/endpoints/operation-reference, `?wait=`, in milliseconds.
DEFAULT_WAIT_MS = 90_000
WAIT_RANGE_MS = (1_000, 300_000)


def table(dispatcher: Dispatcher, api_key: str) -> list[Route]:
    """Wire the operations to their paths; the key opens them all."""
    operations: list[tuple[str, list[str], Operation]] = [
        ("run", ["POST"], _run),
        ("runsync", ["POST"], _runsync),
        ("status/{job}", ["GET", "POST"], _status),
        ("cancel/{job}", ["POST"], _cancel),
        ("retry/{job}", ["POST"], _retry),
        ("purge-queue", ["POST"], _purge),
        ("health", ["GET"], _health),
    ]
    return [
        Route(f"/v2/{{endpoint}}/{path}", _guarded(dispatcher, api_key, operation), methods=methods)
        for path, methods, operation in operations
    ]


def refused(status: int, reason: str) -> Response:
    """Answer as RunPod does when it does not do what was asked."""
    return answer({"error": reason}, status)


def _guarded(
    dispatcher: Dispatcher, api_key: str, operation: Operation
) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        # RunPod takes the key with and without the word.
        given = request.headers.get("authorization", "").removeprefix("Bearer ")
        if not hmac.compare_digest(given.encode(), api_key.encode()):
            return refused(401, "Unauthorized")
        if request.path_params["endpoint"] != RUNPOD_ENDPOINT_ID:
            return refused(404, f"endpoint not found; this stand-in has one, {RUNPOD_ENDPOINT_ID}")
        try:
            return await operation(dispatcher, request)
        except submission.SubmissionError as error:
            return refused(400, str(error))
        except PayloadTooLargeError as error:
            return refused(413, str(error))

    return endpoint


async def _run(dispatcher: Dispatcher, request: Request) -> Response:
    order = submission.parse(await read(request, submission.MAX_BYTES), sync=False)
    return answer(report.short(dispatcher.submit(order)))


async def _runsync(dispatcher: Dispatcher, request: Request) -> Response:
    wait = _wait(request)
    order = submission.parse(await read(request, submission.SYNC_MAX_BYTES), sync=True)
    return answer(report.full(await dispatcher.finished(dispatcher.submit(order), wait)))


async def _status(dispatcher: Dispatcher, request: Request) -> Response:
    job = _find(dispatcher, request)
    return answer(report.full(job)) if job else _unknown()


async def _cancel(dispatcher: Dispatcher, request: Request) -> Response:
    job = _find(dispatcher, request)
    return answer(report.short(dispatcher.cancel(job))) if job else _unknown()


async def _retry(dispatcher: Dispatcher, request: Request) -> Response:
    job = _find(dispatcher, request)
    if job is None:
        return _unknown()
    if job.status not in RETRYABLE:
        return refused(400, f"job is {job.status}; only a FAILED or TIMED_OUT job can be retried")
    return answer(report.short(dispatcher.retry(job)))


async def _purge(dispatcher: Dispatcher, _: Request) -> Response:
    return answer({"removed": dispatcher.purge(), "status": "completed"})


async def _health(dispatcher: Dispatcher, _: Request) -> Response:
    counts = dispatcher.counts()
    named: dict[str, Any] = {
        "completed": counts.get(Status.COMPLETED, 0),
        "failed": counts.get(Status.FAILED, 0) + counts.get(Status.TIMED_OUT, 0),
        "inProgress": counts.get(Status.IN_PROGRESS, 0),
        "inQueue": counts.get(Status.IN_QUEUE, 0),
        "retried": dispatcher.requeued,
    }
    return answer({"jobs": named, "workers": dispatcher.fleet.census()})


def _find(dispatcher: Dispatcher, request: Request) -> Job | None:
    return dispatcher.find(request.path_params["job"])


def _unknown() -> Response:
    return refused(404, "job not found; results are kept 30 minutes, those of /runsync one")


def _wait(request: Request) -> float:
    """Seconds that /runsync waits.

    Raises:
        SubmissionError: `?wait=` is not a number of milliseconds that RunPod allows.
    """
    text = request.query_params.get("wait", str(DEFAULT_WAIT_MS))
    low, high = WAIT_RANGE_MS
    if not (text.isascii() and text.isdigit() and len(text) < 10 and low <= int(text) <= high):  # noqa: PLR2004 - more digits than any allowed
        raise submission.SubmissionError(f'"wait" is not a number of milliseconds from {low} to {high}.')
    return int(text) / 1000
