"""A stand-in for both upstreams that answers at once, or after a fixed time, and keeps what it was asked."""

from __future__ import annotations

import asyncio
import json
import socket
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import uvloop

if TYPE_CHECKING:
    from collections.abc import Iterator

JOB: dict[str, Any] = {
    "id": "6f1b2c3d-0000-4000-8000-00000000000a",
    "user_id": "6f1b2c3d-0000-4000-8000-000000000001",
    "kind": "video",
    "status": "submitted",
    "phase": None,
    "progress": 0,
    "provider": "runpod",
    "provider_job_id": "rp-1",
    "payload": {"prompt": "a lighthouse", "duration_seconds": 5},
    "result": None,
    "credits": 5,
    "created_at": "2026-11-21T09:30:00.000000+00:00",
    "submitted_at": None,
    "started_at": None,
    "finished_at": None,
    "files": [],
}
ANSWERS: dict[str, Any] = {
    "job_create": {"outcome": "created", "job": JOB, "credits": 70},
    "run": {"id": "rp-1", "status": "IN_QUEUE"},
    "job_submitted": JOB,
}


class Upstream:
    """What it answers with, how late, and the bodies that it was sent; all by the last part of the path."""

    def __init__(self) -> None:
        self.url = ""
        self.delays: dict[str, float] = {}  # seconds
        self.bodies: dict[str, bytes] = {}


class _Connection(asyncio.Protocol):
    def __init__(self, upstream: Upstream, loop: asyncio.AbstractEventLoop) -> None:
        self._upstream = upstream
        self._loop = loop
        self._buffer = b""

    def connection_made(self, transport: Any) -> None:
        """Keep where the answers go."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """Answer a request once it is whole."""
        self._buffer += data
        head, end, body = self._buffer.partition(b"\r\n\r\n")
        if not end or len(body) < _length(head):
            return
        self._buffer = b""
        name = head.split(b" ", 2)[1].rpartition(b"/")[2].decode()
        self._upstream.bodies[name] = body
        answer = json.dumps(ANSWERS[name]).encode()
        text = b"HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n%b"
        whole = text % (len(answer), answer)
        if delay := self._upstream.delays.get(name):
            self._loop.call_later(delay, self._transport.write, whole)
        else:
            self._transport.write(whole)


def _length(head: bytes) -> int:
    _, _, rest = head.lower().partition(b"content-length: ")
    return int(rest.partition(b"\r\n")[0] or 0)


@contextmanager
def upstream() -> Iterator[Upstream]:
    """Serve on loopback, in a thread of its own."""
    made, loop = Upstream(), uvloop.new_event_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    made.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    server = loop.run_until_complete(loop.create_server(lambda: _Connection(made, loop), sock=listener))
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    try:
        yield made
    finally:
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        server.close()
