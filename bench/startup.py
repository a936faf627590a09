"""How long a worker takes from its process's start to its first answer, beside bare Python workers."""

from __future__ import annotations

import shutil
import socket
import statistics
import subprocess
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from bench.deployment import BINDINGS, CHECKOUT, worker_files

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

PATIENCE_SECONDS = 60
RETRY_SECONDS = 0.001
SHIM = CHECKOUT / "localcloud" / "edge" / "shim"
SHIM_FILES = ["_edge_entry.py", "_edge_main.py", "workers/__init__.py"]
BARE = 'from js import Response\nasync def on_fetch(request, env, ctx):\n    return Response.new("ok")\n'
# What a new worker of Cloudflare's Python template does: its own SDK, one class, one answer.
BARE_CLASS = """from workers import Response, WorkerEntrypoint

class Default(WorkerEntrypoint):
    async def fetch(self, request):
        return Response("ok")
"""
# The edge's own first request, which imports the worker, stands before ours and the class's.
OURS, BARE_NAME, CLASS_NAME = "our worker", "bare Python function", "bare Python class"
FIRST_PATHS = {OURS: ["/", "/health"], BARE_NAME: ["/"], CLASS_NAME: ["/", "/"]}


def prepare(folder: Path) -> dict[str, Path]:
    """Write each worker's modules and configuration; give the configurations."""
    ours, bare, bare_class = (folder / name for name in ("ours", "bare", "class"))
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(CHECKOUT / "worker", ours, ignore=ignored)
    bare.mkdir()
    (bare / "bare.py").write_text(BARE)
    bare_class.mkdir()
    (bare_class / "plain.py").write_text(BARE_CLASS)
    for place, main in ((ours, "entry"), (bare_class, "plain")):
        shutil.copytree(SHIM, place, dirs_exist_ok=True, ignore=ignored)
        (place / "_edge_main.py").write_text(f'NAME = "{main}"\n')
    return {
        OURS: _configuration(ours, SHIM_FILES + worker_files()),
        BARE_NAME: _configuration(bare, ["bare.py"]),
        CLASS_NAME: _configuration(bare_class, [*SHIM_FILES, "plain.py"]),
    }


def _configuration(folder: Path, names: list[str]) -> Path:
    modules = ", ".join(f'(name = "{name}", pythonModule = embed "{name}")' for name in names)
    bindings = ", ".join(f'(name = "{name}", text = "{text}")' for name, text in BINDINGS.items())
    path = folder / "worker.capnp"
    path.write_text(f"""using Workerd = import "/workerd/workerd.capnp";
const worker :Workerd.Worker = (modules = [{modules}], bindings = [{bindings}],
  compatibilityDate = "2024-11-01", compatibilityFlags = ["python_workers"]);
const config :Workerd.Config = (services = [(name = "worker", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:0", http = (cfBlobHeader = "x"), service = "worker")]);
""")
    return path


def measure(
    workerd: str, folder: Path, rounds: int, say: Callable[[str], None]
) -> dict[str, dict[str, float]]:
    """Start each worker a round, in another order each time: medians, and of ours over each one's.

    The processor's time tells more where other programs run too.
    """
    configurations = prepare(folder)
    starts: dict[str, list[Start]] = {name: [] for name in configurations}
    names = list(configurations)
    for number in range(rounds + 1):  # the first one warms the page cache
        for name in names[number % len(names) :] + names[: number % len(names)]:
            start = _start(workerd, configurations[name], FIRST_PATHS[name])
            if number:
                starts[name].append(start)
        say(f"starts: round {number} of {rounds}")
    return {name: _row(starts[OURS], made) for name, made in starts.items()}


@dataclass(frozen=True)
class Start:
    """Milliseconds to the first answer, passed and used."""

    passed: float
    used: float


def _row(ours: list[Start], made: list[Start]) -> dict[str, float]:
    pairs = list(zip(ours, made, strict=True))
    return {
        "ms": statistics.median(start.passed for start in made),
        "ratio": statistics.median(one.passed / other.passed for one, other in pairs),
        "cpu_ms": statistics.median(start.used for start in made),
        "cpu_ratio": statistics.median(one.used / other.used for one, other in pairs),
    }


def _start(workerd: str, configuration: Path, paths: list[str]) -> Start:
    """Start a process, and end it when it has answered the last path."""
    began = time.perf_counter()
    address = "worker.sock"
    command = [workerd, "serve", f"--socket-addr=http=unix:{address}", configuration.name]
    process = subprocess.Popen(
        command, cwd=configuration.parent, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for path in paths:
            _ask(configuration.parent / address, path, began)
        passed, used = time.perf_counter() - began, psutil.Process(process.pid).cpu_times()
    finally:
        process.kill()
        process.wait()
        (configuration.parent / address).unlink(missing_ok=True)
    return Start(passed * 1000, (used.user + used.system) * 1000)


def _ask(address: Path, path: str, began: float) -> None:
    with socket.socket(socket.AF_UNIX) as connection:
        connection.settimeout(PATIENCE_SECONDS)
        while connection.connect_ex(str(address)):
            if time.perf_counter() - began > PATIENCE_SECONDS:
                raise SystemExit("workerd does not start. Nothing was measured. Run it by hand to see why.")
            time.sleep(RETRY_SECONDS)
        connection.sendall(f"GET {path} HTTP/1.1\r\nhost: bench.invalid\r\n\r\n".encode())
        answer = connection.recv(65536)
    if not answer.startswith(b"HTTP/1.1 200"):
        raise SystemExit(f"a worker answered {answer[:200]!r}. Nothing was measured.")
