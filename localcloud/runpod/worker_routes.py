"""What RunPod's SDK asks from inside a worker: work, stops, and where to leave results.

The shapes are those of runpod 1.12: `runpod/serverless/modules/rp_job.py`, `rp_http.py`, `rp_ping.py`.
"""

from __future__ import annotations

import hmac
import json
from typing import TYPE_CHECKING

from starlette.responses import Response
from starlette.routing import Route

from localcloud.runpod.payload import PayloadTooLargeError, answer, parse, read
from localcloud.runpod.routes import refused
from localcloud.runpod.submission import SYNC_MAX_BYTES

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from localcloud.runpod.dispatcher import Dispatcher
    from localcloud.runpod.job import Job
    from localcloud.runpod.worker import Worker

    Operation = Callable[[Dispatcher, Worker, Request], Awaitable[Response]]

NOTHING = 204
MOST_AT_ONCE = 100


def table(dispatcher: Dispatcher) -> list[Route]:
    """Wire the SDK's questions; the worker's own key opens them."""
    operations: list[tuple[str, str, Operation]] = [
        ("job-take/{worker}", "GET", _take),
        ("job-take-batch/{worker}", "GET", _take_batch),
        ("job-stop/{worker}", "GET", _stop),
        ("job-done/{worker}/{job}", "POST", _done),
        ("ping/{worker}", "GET", _ping),
    ]
    return [
        Route(f"/v2/{{endpoint}}/{path}", _guarded(dispatcher, operation), methods=[method])
        for path, method, operation in operations
    ]


def _guarded(dispatcher: Dispatcher, operation: Operation) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        worker = dispatcher.fleet.known(request.path_params["worker"])
        given = request.headers.get("authorization", "")
        if worker is None or not hmac.compare_digest(given.encode(), worker.key.encode()):
            return refused(401, "Unauthorized")
        return await operation(dispatcher, worker, request)

    return endpoint


async def _take(dispatcher: Dispatcher, worker: Worker, request: Request) -> Response:
    taken = await dispatcher.work_for(worker, 1, holds_some=_holds_some(request))
    return answer(_work(taken[0])) if taken else Response(status_code=NOTHING)


async def _take_batch(dispatcher: Dispatcher, worker: Worker, request: Request) -> Response:
    size = request.query_params.get("batch_size", "1")
    most = min(int(size), MOST_AT_ONCE) if size.isascii() and size.isdigit() else 1
    taken = await dispatcher.work_for(worker, max(most, 1), holds_some=_holds_some(request))
    return answer([_work(job) for job in taken]) if taken else Response(status_code=NOTHING)


async def _stop(dispatcher: Dispatcher, worker: Worker, _: Request) -> Response:
    told = await dispatcher.stops_for(worker)
    return answer({"jobsToStop": told}) if told else Response(status_code=NOTHING)


async def _done(dispatcher: Dispatcher, worker: Worker, request: Request) -> Response:
    """Take progress or a result. It is JSON, though the SDK calls it a form."""
    try:
        document = parse(await read(request, SYNC_MAX_BYTES))
    except PayloadTooLargeError as error:
        return refused(400, str(error))  # what RunPod answers to a result it finds too large
    except ValueError:
        return refused(400, "The result is not JSON.")
    if not isinstance(document, dict):
        return refused(400, "The result is not a JSON object.")
    job_id, output = request.path_params["job"], document.get("output")
    if document.get("status") == "IN_PROGRESS":
        dispatcher.progress(worker, job_id, output)
    else:
        fault = document.get("error")
        dispatcher.finish(worker, job_id, output, None if fault is None else _text(fault))
    return answer({})


async def _ping(_: Dispatcher, __: Worker, ___: Request) -> Response:
    return answer({})


def _holds_some(request: Request) -> bool:
    return request.query_params.get("job_in_progress") == "1"


def _text(fault: object) -> str:
    return fault if isinstance(fault, str) else json.dumps(fault)


def _work(job: Job) -> dict[str, object]:
    return {"id": job.id, "input": job.order.input, "webhook": None}
