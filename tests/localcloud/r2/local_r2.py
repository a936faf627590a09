"""The r2 process as the supervisor runs it, and workerd with a worker that is bound to it."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from dataclasses import astuple, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

import httpx
import psutil

from localcloud import config
from localcloud.r2.store import Store

if TYPE_CHECKING:
    from collections.abc import Callable

CHECKOUT = Path(config.__file__).resolve().parent.parent
BOOT_SECONDS = 60  # on a machine that does much else
BUCKET = "media"
WORKER = (Path(__file__).parent / "worker.mjs").read_text()


def free_ports(count: int) -> list[int]:
    listeners = [socket.socket() for _ in range(count)]
    for listener in listeners:
        listener.bind(("127.0.0.1", 0))
    ports = [int(listener.getsockname()[1]) for listener in listeners]
    for listener in listeners:
        listener.close()
    return ports


def write_settings(state: Path) -> config.Config:
    ports = config.Ports(*free_ports(len(fields(config.Ports))))
    assert len(set(astuple(ports))) == len(fields(config.Ports))
    settings = config.Config(state, ports, config.Secrets())
    config.save(settings)
    return settings


def wait_until(holds: Callable[[], bool], process: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            if holds():
                return
        except httpx.TransportError:
            pass
        time.sleep(0.05)
    raise AssertionError(log.read_text())


def blobs(folder: Path) -> list[str]:
    """Name the files that a store keeps in its folder."""
    return [path.name for path in (folder / "blobs").iterdir()]


def bytes_of(store: Store, key: str) -> bytes:
    _, file = store.get(BUCKET, key)
    with file:
        return file.read()


class R2Process:
    """`python -m localcloud.r2` with a state folder of its own."""

    def __init__(self, state: Path) -> None:
        self.settings = write_settings(state)
        self.store = Store(self.settings.data("r2"))
        self.store.create_bucket(BUCKET)
        self.url = f"http://127.0.0.1:{self.settings.ports.r2}"
        self.log = state / "r2.log"
        self.start()

    def start(self) -> None:
        with self.log.open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "localcloud.r2"],
                cwd=CHECKOUT,
                env={**os.environ, config.STATE_DIR_VARIABLE: str(self.settings.state_dir)},
                stdout=log,
                stderr=subprocess.STDOUT,
            )
        wait_until(
            lambda: httpx.get(f"{self.url}/_local/health").json() == {"ok": True}, self.process, self.log
        )

    @property
    def headers(self) -> dict[str, str]:
        return {"authorization": f"Bearer {self.settings.secrets.control}", "x-r2-bucket": BUCKET}

    def ask(self, request: dict[str, Any], **headers: str) -> httpx.Response:
        """Send what workerd sends for an operation that reads."""
        text = json.dumps({"version": 1, **request})
        return httpx.get(f"{self.url}/", headers={**self.headers, "cf-r2-request": text, **headers})

    def put(self, request: dict[str, Any], content: bytes = b"", **headers: str) -> httpx.Response:
        """Send what workerd sends for an operation that writes."""
        text = json.dumps({"version": 1, **request}).encode()
        framing = {"cf-r2-metadata-size": str(len(text))}
        return httpx.put(
            f"{self.url}/", content=text + content, headers={**self.headers, **framing, **headers}
        )

    def memory(self) -> int:
        return int(psutil.Process(self.process.pid).memory_info().rss)

    def kill(self) -> None:
        self.process.send_signal(signal.SIGKILL)
        self.process.wait(10)

    def stop(self) -> int:
        self.process.terminate()
        return self.process.wait(10)

    def close(self) -> None:
        if self.process.poll() is None:
            self.stop()
        self.store.close()


def refusal(answer: httpx.Response) -> tuple[int, int]:
    return answer.status_code, json.loads(answer.headers["cf-r2-error"])["v4code"]


def workerd_binary() -> Path:
    script = 'process.stdout.write(require.resolve("@cloudflare/workerd-linux-64/bin/workerd"))'
    found = subprocess.run(["node", "-e", script], cwd=CHECKOUT, check=True, capture_output=True, text=True)
    return Path(found.stdout)


def workerd_config(port: int, r2: R2Process) -> str:
    injected = ",".join(f'(name="{name}",value="{value}")' for name, value in r2.headers.items())
    address = f"127.0.0.1:{r2.settings.ports.r2}"
    return f"""using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [
    (name="main", worker = .w),
    (name="r2", external=(address="{address}", http=(injectRequestHeaders=[{injected}])))
  ],
  sockets = [(name="http", address="127.0.0.1:{port}", http=(), service="main")]
);
const w :Workerd.Worker = (
  modules = [(name="worker.mjs", esModule={json.dumps(WORKER)})],
  bindings = [(name="MEDIA", r2Bucket="r2")],
  compatibilityDate="2024-11-01",
);
"""


class Workerd:
    """The runtime with `worker.mjs`, which calls the binding as it is told."""

    def __init__(self, folder: Path, r2: R2Process) -> None:
        (port,) = free_ports(1)
        self.url = f"http://127.0.0.1:{port}"
        path, log = folder / "worker.capnp", folder / "workerd.log"
        path.write_text(workerd_config(port, r2))
        with log.open("wb") as output:
            self._process = subprocess.Popen(
                [workerd_binary(), "serve", path], stdout=output, stderr=subprocess.STDOUT
            )
        wait_until(lambda: self.call("list", {}) is not None, self._process, log)

    def call(self, method: str, *arguments: Any) -> Any:
        """Call a method of the binding; an exception there comes back as {"error": text}."""
        answer = httpx.post(f"{self.url}/call", json=[method, *arguments], timeout=30)
        assert answer.status_code == httpx.codes.OK, answer.text
        return answer.json()

    def stop(self) -> None:
        self._process.terminate()
        self._process.wait(10)
