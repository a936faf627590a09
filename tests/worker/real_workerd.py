"""Boots the worker in the real runtime, with the stand-ins that a test names."""

from __future__ import annotations

import json
import socket
import subprocess
import time
from pathlib import Path
from typing import TYPE_CHECKING

import httpx

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.settings import Settings

CHECKOUT = Path(__file__).resolve().parents[2]
WORKER = CHECKOUT / "worker"
SHIM = CHECKOUT / "localcloud" / "edge" / "shim"
COMPATIBILITY_DATE = "2024-11-01"
BOOT_SECONDS = 60
EVENT_HEADER = "x-event"  # as the edge has a secret one: a scheduled event comes in it


CLERK_KEYS = "/clerk/.well-known/jwks.json"


def bindings(settings: Settings, upstream: str) -> dict[str, str]:
    """Bind a worker to stand-ins that all answer at one address."""
    return {
        "ENVIRONMENT": "local",
        "VERSION": "v1",
        "SITE_ORIGINS": settings.site_origins,
        "RUNPOD_API_BASE": upstream,
        "CLERK_ISSUER": f"{upstream}/clerk",
        "CLERK_JWKS_URL": f"{upstream}{CLERK_KEYS}",
        "JWT_AUDIENCE": "authenticated",
        "SUPABASE_URL": upstream,
        "APP_ADMIN_TOKEN": settings.app_admin_token,
        "WEBHOOK_SECRET": settings.webhook_secret,
        "RUNPOD_API_KEY": settings.runpod_api_key,
        "RUNPOD_ENDPOINT_ID": "endpoint-1",
        "SUPABASE_SERVICE_ROLE": settings.supabase_service_role,
        "SUPABASE_JWT_SECRET": settings.supabase_jwt_secret,
        "S3_SECRET_ACCESS_KEY": settings.s3_secret_access_key,
    }


def free_port() -> int:
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return int(listener.getsockname()[1])


def binary() -> Path:
    script = 'process.stdout.write(require.resolve("@cloudflare/workerd-linux-64/bin/workerd"))'
    found = subprocess.run(["node", "-e", script], cwd=CHECKOUT, check=True, capture_output=True, text=True)
    return Path(found.stdout)


def modules() -> Iterator[tuple[str, str]]:
    """Give (name, source) in the order that workerd wants: the main module first."""
    yield "_edge_entry.py", (SHIM / "_edge_entry.py").read_text()
    yield "_edge_main.py", 'NAME = "entry"\n'
    yield "workers/__init__.py", (SHIM / "workers" / "__init__.py").read_text()
    for path in sorted(WORKER.rglob("*.py")):
        yield path.relative_to(WORKER).as_posix(), path.read_text()


def _literal(text: str) -> str:
    """Write a Cap'n Proto string, whose escapes are bytes."""
    return '"' + "".join(f"\\x{byte:02x}" for byte in text.encode()) + '"'


def config(port: int, bindings: dict[str, str], r2_port: int | None, r2_token: str) -> str:
    lines = [f"(name={_literal(name)}, pythonModule={_literal(source)})" for name, source in modules()]
    bound = [f"(name={_literal(name)}, text={_literal(value)})" for name, value in bindings.items()]
    services = [
        '(name="main", worker = .w)',
        '(name="internet", network=(allow=["public","private","local"]))',
    ]
    if r2_port:
        headers = f'(name="x-r2-bucket", value="media"), (name="authorization", value="Bearer {r2_token}")'
        services.append(
            f'(name="r2", external=(address="127.0.0.1:{r2_port}", http=(injectRequestHeaders=[{headers}])))'
        )
        bound.append('(name="MEDIA", r2Bucket="r2")')
    return f"""using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [{", ".join(services)}],
  sockets = [(name="http", address="127.0.0.1:{port}", http=(cfBlobHeader="{EVENT_HEADER}"), service="main")]
);
const w :Workerd.Worker = (
  modules = [{", ".join(lines)}],
  bindings = [{", ".join(bound)}],
  compatibilityDate="{COMPATIBILITY_DATE}", compatibilityFlags=["python_workers"],
);
"""


class Workerd:
    """One runtime; `log` is what it printed."""

    def __init__(
        self,
        folder: Path,
        bindings: dict[str, str],
        r2_port: int | None = None,
        r2_token: str = "",
    ) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self.log_path = folder / f"workerd-{self.port}.log"
        path = folder / f"workerd-{self.port}.capnp"
        path.write_text(config(self.port, {"API_ORIGIN": self.url, **bindings}, r2_port, r2_token))
        with self.log_path.open("w") as log:
            self._process = subprocess.Popen([binary(), "serve", path], stdout=log, stderr=subprocess.STDOUT)
        self._await_boot()

    @property
    def log(self) -> str:
        return self.log_path.read_text()

    def _await_boot(self) -> None:
        deadline = time.monotonic() + BOOT_SECONDS
        while time.monotonic() < deadline:
            if self._process.poll() is not None:
                break
            try:
                # The shim's own first request imports the worker.
                answer = httpx.get(f"{self.url}/", timeout=BOOT_SECONDS)
            except httpx.TransportError:
                time.sleep(0.2)
                continue
            if answer.status_code == httpx.codes.OK:
                return
            raise AssertionError(answer.text)
        raise AssertionError(self.log)

    def scheduled(self) -> httpx.Response:
        """Send a cron trigger's event, as the edge does; 422 tells what the handler raised."""
        event = json.dumps({"cron": "* * * * *", "scheduledTime": time.time_ns() // 1_000_000})
        return httpx.get(self.url, headers={EVENT_HEADER: event}, timeout=BOOT_SECONDS)

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
