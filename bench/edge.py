"""Measures our /health beside a bare Python and a bare JavaScript handler, and what the edge's router adds.

    python bench/edge.py [--json] [--rounds 5] [--seconds 2] [--connections 8]

The three handlers are services of one workerd process and take turns, so that noise hits all alike. Ours
comes through the edge's shim, as it does in the edge: the shim begins a handler at once, where the runtime
by itself puts the bare one through its event loop.
Lasts (3 + 2) * rounds * seconds, and 15 s more for starting.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.deployment import BINDINGS, CHECKOUT, deployed, settings_in, wait_for, worker_files, workerd
from bench.load import Target, alternate, ratio, summary
from bench.ports import free_ports
from localcloud.config import API_HOST

if TYPE_CHECKING:
    from collections.abc import Iterator

SHIM = CHECKOUT / "localcloud" / "edge" / "shim"
AIM = 0.85  # of the bare Python handler's requests a second
BARE_PYTHON = (
    'from js import Response\nasync def on_fetch(request, env, ctx):\n    return Response.new("ok")\n'
)
BARE_JAVASCRIPT = 'export default { fetch() { return new Response("ok"); } };\n'


@contextmanager
def three_handlers(folder: Path) -> Iterator[list[Target]]:
    """One workerd process that serves the three handlers, each on a port of its own."""
    shutil.copytree(
        CHECKOUT / "worker", folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__")
    )
    shutil.copytree(SHIM, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "_edge_main.py").write_text('NAME = "entry"\n')
    (folder / "bare.py").write_text(BARE_PYTHON)
    (folder / "bare.js").write_text(BARE_JAVASCRIPT)
    ours, python, javascript = free_ports(3)
    shim = ["_edge_entry.py", "_edge_main.py", "workers/__init__.py"]
    modules = ", ".join(f'(name = "{name}", pythonModule = embed "{name}")' for name in shim + worker_files())
    bindings = ", ".join(f'(name = "{name}", text = "{text}")' for name, text in BINDINGS.items())
    flags = 'compatibilityDate = "2024-11-01", compatibilityFlags = ["python_workers"]'
    (folder / "bench.capnp").write_text(f"""using Workerd = import "/workerd/workerd.capnp";
const ours :Workerd.Worker = (modules = [{modules}], bindings = [{bindings}], {flags});
const python :Workerd.Worker = (modules = [(name = "bare.py", pythonModule = embed "bare.py")], {flags});
const javascript :Workerd.Worker = (modules = [(name = "bare.js", esModule = embed "bare.js")],
  compatibilityDate = "2024-11-01");
const config :Workerd.Config = (
  services = [(name = "ours", worker = .ours), (name = "python", worker = .python),
    (name = "javascript", worker = .javascript)],
  sockets = [(name = "ours", address = "127.0.0.1:{ours}", http = (cfBlobHeader = "x"), service = "ours"),
    (name = "python", address = "127.0.0.1:{python}", http = (), service = "python"),
    (name = "javascript", address = "127.0.0.1:{javascript}", http = (), service = "javascript")]);
""")
    # Its log lines would be the bench's load too: they go nowhere, as the edge's go to a file.
    process = subprocess.Popen([workerd(), "serve", folder / "bench.capnp"], stdout=subprocess.DEVNULL)
    try:
        wait_for(f"http://127.0.0.1:{ours}/", "127.0.0.1", any_status=True)  # the shim's own first answer
        targets = [
            Target("our /health", "/health", "127.0.0.1", ours),
            Target("bare Python", "/", "127.0.0.1", python),
            Target("bare JavaScript", "/", "127.0.0.1", javascript),
        ]
        for target in targets:
            wait_for(f"http://127.0.0.1:{target.port}{target.path}", target.host)
        yield targets
    finally:
        process.kill()
        process.wait()


@contextmanager
def whole_edge(folder: Path) -> Iterator[list[Target]]:
    """The real edge with our worker deployed: through its router, and past it to the runtime's socket."""
    with deployed(settings_in(folder), BINDINGS) as edge:
        yield [
            Target("past the router", "/health", API_HOST, socket=edge.socket),
            Target("through the router", "/health", API_HOST, port=edge.router_port),
        ]


def measure(rounds: int, connections: int, seconds: float) -> dict[str, Any]:
    """Measure all five targets; the report as data."""
    with tempfile.TemporaryDirectory() as folder, three_handlers(Path(folder)) as targets:
        handlers = alternate(targets, rounds, connections, seconds)
    with tempfile.TemporaryDirectory() as folder, whole_edge(Path(folder)) as targets:
        router = alternate(targets, rounds, connections, seconds)
        single = alternate(targets, 1, 1, seconds)
    ours = ratio(handlers["our /health"], handlers["bare Python"])
    past, through = (summary(single[name])["p50_ms"] for name in ("past the router", "through the router"))
    return {
        "connections": connections,
        "handlers": {name: summary(done) for name, done in handlers.items()},
        "ratio_to_bare_python": ours,
        "aim": AIM,
        "aim_met": ours >= AIM,
        "router": {name: summary(done) for name, done in router.items()},
        "router_ratio": ratio(router["through the router"], router["past the router"]),
        "router_adds_ms": round(through - past, 2),
    }


def show(report: dict[str, Any]) -> None:
    """Print the report as a table."""
    print(f"{'':20}{'requests/s':>12}{'p50 ms':>9}{'p99 ms':>9}")
    for name, row in (report["handlers"] | report["router"]).items():
        note = "  the load generator limits" if row["generator_limited"] else ""
        print(f"{name:20}{row['requests_per_second']:12}{row['p50_ms']:9}{row['p99_ms']:9}{note}")
    verdict = "met" if report["aim_met"] else "missed"
    print(f"our /health / bare Python: {report['ratio_to_bare_python']} (aim {AIM}: {verdict})")
    print(f"through / past the router: {report['router_ratio']}; it adds {report['router_adds_ms']} ms")


def main() -> None:
    """Read the arguments, measure, report."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--json", action="store_true", help="the report as one JSON object")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--seconds", type=float, default=2.0, help="a round of one target")
    parser.add_argument("--connections", type=int, default=8)
    arguments = parser.parse_args()
    report = measure(arguments.rounds, arguments.connections, arguments.seconds)
    if arguments.json:
        print(json.dumps(report, indent=2))
    else:
        show(report)


if __name__ == "__main__":
    main()
