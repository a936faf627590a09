"""The processes of the local cloud: what to run, where each listens, how to ask whether it is well."""

from __future__ import annotations

import http.client
import shutil
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from localcloud.config import CHECKOUT
from localcloud.errors import ToolMissingError

if TYPE_CHECKING:
    from collections.abc import Callable

    from localcloud.config import Config

PROBE_SECONDS = 2
# Process → the fields of `config.Ports` on which it listens, the main one first.
LISTENERS = {
    "postgres": ("postgres",),
    "supabase": ("supabase",),
    "cloudflare": ("cloudflare",),
    "r2": ("r2",),
    "edge": ("edge", "api", "site", "edge_control"),
    "runpod": ("runpod",),
    "aws": ("aws",),
}


@dataclass(frozen=True)
class Process:
    """One supervised process.

    Attributes:
        is_well: answers whether it serves; never raises.
    """

    name: str
    argv: tuple[str, ...]
    is_well: Callable[[], bool]


def table(config: Config) -> tuple[Process, ...]:
    """List the processes of one local cloud. They start in any order, side by side."""
    ports = config.ports
    return (
        Process("postgres", _module("postgres"), lambda: _selects(config)),
        Process("supabase", _module("supabase"), lambda: _answers(ports.supabase)),
        Process("cloudflare", _module("cloudflare"), lambda: _answers(ports.cloudflare)),
        Process("r2", _module("r2"), lambda: _answers(ports.r2)),
        Process("edge", _edge(), lambda: _answers(ports.edge_control)),
        Process("runpod", _module("runpod"), lambda: _answers(ports.runpod)),
        Process("aws", _module("aws"), lambda: _answers(ports.aws, "/moto-api/")),
    )


def _module(name: str) -> tuple[str, ...]:
    return (sys.executable, "-m", f"localcloud.{name}")


def _edge() -> tuple[str, ...]:
    return (_node(), str(CHECKOUT / "localcloud" / "edge" / "main.mjs"))


def _node() -> str:
    beside_python = str(Path(sys.executable).parent)  # where the PyPI wheel of Node puts it
    node = shutil.which("node") or shutil.which("node", path=beside_python)
    if node is None:
        raise ToolMissingError(
            "Node is neither on PATH nor in the virtual environment.",
            "The edge, which runs the API, cannot start.",
            "Run `make setup`: it brings Node.",
        )
    return node


def _answers(port: int, path: str = "/_local/health") -> bool:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PROBE_SECONDS)
    try:
        connection.request("GET", path)
        return connection.getresponse().status == http.HTTPStatus.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()


def _selects(config: Config) -> bool:
    import psycopg  # noqa: PLC0415 - 0.1 s to import, and only those who probe pay for it

    from localcloud.environment import database_url  # noqa: PLC0415 - it reads this table's neighbours

    try:
        with psycopg.connect(database_url(config), connect_timeout=PROBE_SECONDS) as connection:
            connection.execute("select 1")
    except psycopg.Error:
        return False
    return True
