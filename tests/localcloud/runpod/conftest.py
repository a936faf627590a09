from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import dataclass, field, replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx
import psutil
import pytest

from localcloud import config

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

CANARY = "canary-signature"
PATIENCE_SECONDS = 60  # a worker imports RunPod's SDK: seconds, and many on a busy machine


@dataclass
class Receiver:
    """A loopback server that takes uploads and webhooks.

    Attributes:
        statuses: what webhooks are answered, the last one for good.
        gate: uploads wait for it, and so does the job that uploads.
    """

    port: int = 0
    statuses: list[int] = field(default_factory=lambda: [200])
    gate: threading.Event = field(default_factory=threading.Event)
    uploading: int = 0
    stored: dict[str, bytes] = field(default_factory=dict)
    posts: list[dict[str, Any]] = field(default_factory=list)

    def order(self, key: str = "media/a/0.png") -> dict[str, Any]:
        upload = {
            "key": key,
            "url": f"http://127.0.0.1:{self.port}/{key}?signature={CANARY}",
            "content_type": "image/png",
        }
        wish = {
            "job_id": "a",
            "kind": "image",
            "prompt": "a quiet sea",
            "size": "256x256",
            "num_images": 1,
            "duration_seconds": 5,
            "seed": 42,
            "uploads": [upload],
        }
        return {"input": wish, "webhook": f"http://127.0.0.1:{self.port}/hook?token={CANARY}"}


@pytest.fixture
def receiver() -> Iterator[Receiver]:
    state = Receiver()
    state.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def do_PUT(self) -> None:
            body = self._body()
            state.uploading += 1
            state.gate.wait(PATIENCE_SECONDS)
            state.stored[self.path.split("?")[0].lstrip("/")] = body
            self._end(200)

        def do_POST(self) -> None:
            state.posts.append(json.loads(self._body()))
            self._end(state.statuses.pop(0) if len(state.statuses) > 1 else state.statuses[0])

        def _body(self) -> bytes:
            return self.rfile.read(int(self.headers["Content-Length"]))

        def _end(self, status: int) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

        def log_message(self, *_: object) -> None:
            pass

        def handle_one_request(self) -> None:
            try:
                super().handle_one_request()
            except ConnectionError:  # its client was killed, as the tests do
                self.close_connection = True

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    state.port = server.server_port
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield state
    state.gate.set()
    server.shutdown()
    server.server_close()


@dataclass
class StandIn:
    """A real stand-in process, its client and its log."""

    settings: config.Config
    process: subprocess.Popen[bytes] | None = None

    @property
    def log(self) -> Path:
        return self.settings.state_dir / "out.log"

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.settings.ports.runpod}/v2"

    def start(self) -> None:
        environment = {
            **os.environ,
            config.STATE_DIR_VARIABLE: str(self.settings.state_dir),
            "ALPHOGEN_RUNPOD_IDLE_SECONDS": "1",
            "ALPHOGEN_RUNPOD_WEBHOOK_PAUSE_SECONDS": "1",
        }
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "localcloud.runpod"],
                cwd=config.CHECKOUT,
                env=environment,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        self.until(self._is_well)

    def end(self, number: signal.Signals = signal.SIGTERM) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        return self.process.wait(PATIENCE_SECONDS)

    def until(self, holds: Callable[[], Any]) -> Any:
        deadline = time.monotonic() + PATIENCE_SECONDS
        while not (answer := holds()):
            assert time.monotonic() < deadline, self.log.read_text()
            time.sleep(0.05)
        return answer

    def call(self, method: str, path: str, body: Any = None) -> dict[str, Any]:
        answer = httpx.request(
            method,
            f"{self.base}/{config.RUNPOD_ENDPOINT_ID}/{path}",
            json=body,
            headers={"Authorization": f"Bearer {self.settings.secrets.runpod_api_key}"},
            timeout=PATIENCE_SECONDS,
        )
        assert answer.status_code == 200, answer.text
        document: dict[str, Any] = answer.json()
        return document

    def run(self, order: dict[str, Any]) -> str:
        return str(self.call("POST", "run", order)["id"])

    def reaches(self, job_id: str, status: str) -> dict[str, Any]:
        def there() -> dict[str, Any] | None:
            job = self.call("GET", f"status/{job_id}")
            return job if job["status"] == status else None

        found: dict[str, Any] = self.until(there)
        return found

    def events(self, name: str) -> list[dict[str, Any]]:
        lines = [json.loads(line) for line in self.log.read_text().splitlines() if line.startswith("{")]
        return [line for line in lines if line["event"] == name]

    def worker(self) -> psutil.Process:
        """Find the worker started last."""
        return psutil.Process(self.events("worker_started")[-1]["pid"])

    def _is_well(self) -> bool:
        try:
            health = f"http://127.0.0.1:{self.settings.ports.runpod}/_local/health"
            return bool(httpx.get(health).json() == {"ok": True})
        except httpx.TransportError:
            return False


@pytest.fixture
def stand_in(tmp_path: Path) -> Iterator[StandIn]:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        ports = replace(config.DEFAULT_PORTS, runpod=free.getsockname()[1])
    settings = config.Config(tmp_path, ports, config.Secrets())
    config.save(settings)
    server = StandIn(settings)
    server.start()
    yield server
    if server.process is not None and server.process.poll() is None:
        server.end()
