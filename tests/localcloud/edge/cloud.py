"""An edge process and the emulator it asks: the two GET routes of the contract, kept in memory."""

from __future__ import annotations

import base64
import json
import os
import secrets
import signal
import socket
import subprocess
import threading
import time
from dataclasses import asdict
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import httpx

from localcloud import config
from localcloud.cloudflare.cron import plain_cron

if TYPE_CHECKING:
    from collections.abc import Callable

MAIN = Path(config.__file__).parent / "edge" / "main.mjs"
BOOT_SECONDS = 60  # on a machine that does much else
OK = 200


class Emulator:
    """What is deployed; versions are added first, as the real one stores them before a deployment."""

    def __init__(self, token: str) -> None:
        self.routes: list[dict[str, Any]] = []
        self.scripts: dict[str, dict[str, Any]] = {}
        self.schedules: dict[str, dict[str, Any]] = {}
        self.versions: dict[str, dict[str, Any]] = {}
        emulator = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                known = self.headers["authorization"] == f"Bearer {token}"
                found = emulator.find(self.path) if known else None
                body = json.dumps(found).encode()
                self.send_response(OK if found is not None else 404 if known else 401)
                self.send_header("content-length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def find(self, path: str) -> dict[str, Any] | None:
        if path == "/_local/edge":
            return {
                "account_id": config.ACCOUNT_ID,
                "routes": self.routes,
                "scripts": self.scripts,
                "schedules": self.schedules,
            }
        return self.versions.get(path.removeprefix("/_local/edge/versions/"))

    def add(
        self, version: str, files: dict[str, str], bindings: list[dict[str, Any]] | None = None, **fields: Any
    ) -> None:
        """Store a version of the script `api`."""
        modules = [
            {
                "name": name,
                "content_type": "text/x-python",
                "content_base64": base64.b64encode(text.encode()).decode(),
            }
            for name, text in files.items()
        ]
        self.versions[version] = {
            "version_id": version,
            "script": "api",
            "main_module": "entry.py",
            "compatibility_date": "2024-11-01",
            "compatibility_flags": ["python_workers"],
            "modules": modules,
            "bindings": bindings or [],
        } | fields

    def deploy(self, script: str, shares: dict[str, int]) -> None:
        versions = [{"version_id": version, "percentage": share} for version, share in shares.items()]
        self.scripts[script] = {"deployment_id": secrets.token_hex(8), "versions": versions}

    def schedule(self, script: str, version: str, *crons: str) -> None:
        triggers = [{"cron": cron, "plain": plain_cron(cron)} for cron in crons]
        self.schedules[script] = {"version_id": version, "crons": triggers}

    def route(self, pattern: str, script: str | None) -> None:
        self.routes.append({"id": secrets.token_hex(8), "zone": "", "pattern": pattern, "script": script})


class Cloud:
    """A state folder, an emulator and the edge that runs on them."""

    def __init__(self, state: Path) -> None:
        names = list(asdict(config.DEFAULT_PORTS))
        ports = dict(zip(names, free_ports(len(names)), strict=True))
        keys = config.Secrets()
        self.emulator = Emulator(keys.control)
        ports["cloudflare"] = self.emulator.server.server_port
        self.config = config.Config(state, config.Ports(**ports), keys)
        config.save(self.config)
        self.log = state / "edge.log"
        self.edge = f"http://127.0.0.1:{self.config.ports.edge}"
        self.control = httpx.Client(
            base_url=f"http://127.0.0.1:{self.config.ports.edge_control}",
            headers={"authorization": f"Bearer {keys.control}"},
            timeout=BOOT_SECONDS,
        )
        self.client = httpx.Client(base_url=self.edge, timeout=BOOT_SECONDS)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self.client.close()
        self.control.close()
        self.emulator.server.shutdown()
        self.emulator.server.server_close()

    def start(self) -> None:
        with self.log.open("a") as log:
            environment = os.environ | {config.STATE_DIR_VARIABLE: str(self.config.state_dir)}
            self.process = subprocess.Popen(["node", MAIN], stdout=log, stderr=log, env=environment)
        until(self.healthy, "the edge is healthy")

    def stop(self, number: int = signal.SIGTERM) -> int:
        self.process.send_signal(number)
        return self.process.wait(timeout=6)

    def healthy(self) -> bool:
        try:
            return bool(self.control.get("/_local/health").json() == {"ok": True})
        except httpx.TransportError:
            return False

    def sync(self) -> None:
        answer = self.control.post("/sync")
        assert answer.status_code == OK, answer.text

    def serve(self, version: str, source: str, bindings: list[dict[str, Any]] | None = None) -> None:
        """Deploy one file as the version that answers for `example.test`."""
        self.emulator.add(version, {"entry.py": source}, bindings)
        self.emulator.deploy("api", {version: 100})
        if not self.emulator.routes:
            self.emulator.route("example.test/*", "api")
        self.sync()

    def get(self, path: str = "/", host: str = "example.test", **headers: str) -> httpx.Response:
        return self.client.get(path, headers={"host": host} | headers)

    def runtimes(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.control.get("/_local/state").json()["runtimes"]
        return found

    def lines(self, event: str) -> list[dict[str, Any]]:
        told = [json.loads(line) for line in self.log.read_text().splitlines()]
        return [line for line in told if line["event"] == event]


def worker(answer: str) -> str:
    """Source of a worker that gives one answer to everything."""
    return (
        "from workers import WorkerEntrypoint, Response\n"
        "class Default(WorkerEntrypoint):\n"
        "    async def fetch(self, request):\n"
        f"        return Response({answer!r})\n"
    )


def until(happened: Callable[[], bool], what: str, seconds: float = BOOT_SECONDS) -> None:
    deadline = time.monotonic() + seconds
    while not happened():
        assert time.monotonic() < deadline, f"not within {seconds} s: {what}"
        time.sleep(0.05)


def free_ports(count: int) -> list[int]:
    holders = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [holder.getsockname()[1] for holder in holders]
    for holder in holders:
        holder.close()
    return ports
