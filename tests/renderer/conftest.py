from __future__ import annotations

import threading
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass
class Shelf:
    """A loopback server that takes PUTs and answers them with the listed statuses, the last one for good."""

    port: int = 0
    statuses: list[int] = field(default_factory=lambda: [200])
    stored: dict[str, bytes] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    tries: int = 0

    def url(self, key: str) -> str:
        return f"http://127.0.0.1:{self.port}/{key}?signature=canary-signature"


@pytest.fixture
def shelf() -> Iterator[Shelf]:
    state = Shelf()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            state.tries += 1
            status = state.statuses.pop(0) if len(state.statuses) > 1 else state.statuses[0]
            if status == 200:
                key = self.path.split("?")[0].lstrip("/")
                state.stored[key], state.types[key] = body, self.headers["Content-Type"]
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    state.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    server.shutdown()
    server.server_close()
