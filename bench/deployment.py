"""The real edge with our worker deployed, without the rest of the local cloud."""

from __future__ import annotations

import base64
import json
import os
import signal
import subprocess
import threading
import time
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from functools import partial
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING, Any

import httpx

from bench.ports import free_ports
from localcloud import config

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

CHECKOUT = config.CHECKOUT
PATIENCE_SECONDS = 60
BINDINGS = {
    "ENVIRONMENT": "local",
    "VERSION": "bench",
    "API_ORIGIN": "http://127.0.0.1:8787",
    "SITE_ORIGINS": "http://127.0.0.1:8788",
    "RUNPOD_API_BASE": "http://127.0.0.1:8792",
    "RUNPOD_ENDPOINT_ID": config.RUNPOD_ENDPOINT_ID,
    "RUNPOD_API_KEY": "k" * 48,
    "SUPABASE_URL": "http://127.0.0.1:54321",
    "SUPABASE_SERVICE_ROLE": "s" * 48,
    "SUPABASE_JWT_SECRET": "j" * 48,
    "APP_ADMIN_TOKEN": "a" * 48,
    "WEBHOOK_SECRET": "w" * 48,
}
STATE = {
    "account_id": config.ACCOUNT_ID,
    "routes": [{"id": "r", "zone": "", "pattern": f"{config.API_HOST}/*", "script": "alphogenai-worker"}],
    "scripts": {
        "alphogenai-worker": {"deployment_id": "d", "versions": [{"version_id": "v", "percentage": 100}]}
    },
    "schedules": {},
}


@dataclass(frozen=True)
class Deployment:
    """Where the edge listens: its router's ports, and the worker's own socket behind the router."""

    api: str
    router_port: int
    socket: str


def worker_files() -> list[str]:
    """Return the module names of the worker, as they are uploaded."""
    root = CHECKOUT / "worker"
    return sorted(path.relative_to(root).as_posix() for path in root.rglob("*.py"))


def settings_in(folder: Path) -> config.Config:
    """Make the settings of a local cloud on free ports, and save them."""
    names = list(asdict(config.DEFAULT_PORTS))
    ports = config.Ports(**dict(zip(names, free_ports(len(names)), strict=True)))
    settings = config.Config(folder, ports, config.Secrets())
    config.save(settings)
    return settings


@contextmanager
def deployed(settings: config.Config, bindings: dict[str, str]) -> Iterator[Deployment]:
    """Run the edge, with our worker bound like this."""
    folder, ports = settings.state_dir, settings.ports
    answers = partial(_Emulator, json.dumps(_version(bindings)).encode())
    emulator = ThreadingHTTPServer(("127.0.0.1", ports.cloudflare), answers)
    threading.Thread(target=emulator.serve_forever, daemon=True).start()
    environment = os.environ | {config.STATE_DIR_VARIABLE: str(folder)}
    with (folder / "edge.log").open("w") as log:
        edge = subprocess.Popen(
            ["node", "localcloud/edge/main.mjs"], cwd=CHECKOUT, env=environment, stdout=log
        )
    try:
        wait_for(f"http://127.0.0.1:{ports.api}/health", config.API_HOST)
        control = {"authorization": f"Bearer {settings.secrets.control}"}
        state = httpx.get(f"http://127.0.0.1:{ports.edge_control}/_local/state", headers=control).json()
        socket = settings.data("edge") / state["runtimes"][0]["socket"]
        yield Deployment(f"http://127.0.0.1:{ports.api}", ports.edge, str(socket))
    finally:
        edge.send_signal(signal.SIGTERM)
        edge.wait()
        emulator.shutdown()
        emulator.server_close()


class _Emulator(BaseHTTPRequestHandler):
    """What the edge asks the Cloudflare emulator, answered for one deployed version."""

    def __init__(self, version: bytes, *connection: Any) -> None:
        self.version = version
        super().__init__(*connection)  # it answers the request before it returns

    def do_GET(self) -> None:  # the name that http.server calls
        """Answer with the state, or with the version."""
        body = json.dumps(STATE).encode() if self.path == "/_local/edge" else self.version
        self.send_response(httpx.codes.OK)
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


def _version(bindings: dict[str, str]) -> dict[str, Any]:
    """Our worker as the emulator hands it over."""

    def module(name: str) -> dict[str, str]:
        content = (CHECKOUT / "worker" / name).read_bytes()
        return {
            "name": name,
            "content_type": "text/x-python",
            "content_base64": base64.b64encode(content).decode(),
        }

    return {
        "version_id": "v",
        "script": "alphogenai-worker",
        "main_module": "entry.py",
        "compatibility_date": "2024-11-01",
        "compatibility_flags": ["python_workers"],
        "modules": [module(name) for name in worker_files()],
        "bindings": [{"type": "plain_text", "name": name, "text": text} for name, text in bindings.items()],
    }


def workerd() -> str:
    """Give the path of the runtime's binary, from its npm package."""
    command = ["node", "-p", "require('workerd').default"]
    found = subprocess.run(command, cwd=CHECKOUT, capture_output=True, text=True, check=True)
    return found.stdout.strip()


def wait_for(address: str, host: str, *, any_status: bool = False) -> None:
    """Ask until the answer is there and is 200."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while True:
        try:
            answer = httpx.get(address, headers={"host": host}, timeout=PATIENCE_SECONDS)
            if any_status or answer.status_code == httpx.codes.OK:
                return
            failure = f"status {answer.status_code}: {answer.text[:200]}"
        except httpx.TransportError as error:
            failure = repr(error)
        if time.monotonic() > deadline:
            raise SystemExit(f"{address} does not answer ({failure}). Nothing was measured.")
        time.sleep(0.1)
