"""Posts a finished job to the address that came with it."""

from __future__ import annotations

import asyncio
import http.client
import json
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from localcloud import journal
from localcloud.runpod import report

if TYPE_CHECKING:
    from localcloud.runpod.job import Job

TIMEOUT_SECONDS = 10


async def post(job: Job) -> bool:
    """Post one job once; whether the receiver answered 200."""
    address = job.order.webhook or ""
    outcome = await asyncio.to_thread(_exchange, address, json.dumps(report.full(job)).encode())
    host = urlsplit(address).netloc.rpartition("@")[2]
    journal.write("webhook", id=job.id, host=host, attempt=job.webhook_tries + 1, outcome=outcome)
    return outcome == http.HTTPStatus.OK


def _exchange(address: str, body: bytes) -> int | str:
    """The status that came back, or the name of what went wrong; redirects are not followed."""
    parts = urlsplit(address)
    kind = http.client.HTTPSConnection if parts.scheme == "https" else http.client.HTTPConnection
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    connection = kind(parts.hostname or "", parts.port, timeout=TIMEOUT_SECONDS)
    try:
        connection.request("POST", target, body, {"Content-Type": "application/json"})
        return connection.getresponse().status
    except (OSError, http.client.HTTPException, ValueError) as error:
        return type(error).__name__
    finally:
        connection.close()
