"""Loopback ports: which are free, and who holds the ones that are not."""

from __future__ import annotations

import socket
from dataclasses import asdict
from typing import TYPE_CHECKING

import psutil

from localcloud.config import DEFAULT_PORTS, HIGHEST_PORT, Ports
from localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Container

# Where a default is taken, the next try is this much higher: 8787, 8887, 8987 … stay recognisable.
STEP = 100


def is_free(port: int) -> bool:
    """Whether a server could listen on the port now."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True


def holder(port: int) -> str:
    """Say who listens on a port, as far as this user may know."""
    try:
        connections = psutil.net_connections(kind="tcp")
    except psutil.AccessDenied:  # macOS shows other users' sockets to root only
        return "another program"
    for connection in connections:
        listens = connection.status == psutil.CONN_LISTEN and connection.laddr
        if listens and listens.port == port and connection.pid:
            return _described(connection.pid)
    return "another program"


def _described(pid: int) -> str:
    try:
        command = " ".join(psutil.Process(pid).cmdline())[:80]
    except psutil.Error:
        command = "ended meanwhile"
    return f"process {pid} ({command})"


def choose(default: int, taken: Container[int]) -> int:
    """Give the default port where it is free, else the next free one above it.

    Raises:
        LocalCloudError: there is none.
    """
    for port in range(default, HIGHEST_PORT + 1, STEP):
        if port not in taken and is_free(port):
            return port
    raise LocalCloudError(
        f"No free port from {default} upwards in steps of {STEP}.",
        "The local cloud cannot listen.",
        "End some of the programs that listen on loopback (`ss -ltnp` lists them), then run `make up`.",
    )


def replaced(ports: Ports, names: Container[str]) -> Ports:
    """Choose anew the named ports; the others stay."""
    numbers = asdict(ports)
    for name, default in asdict(DEFAULT_PORTS).items():
        if name in names:
            others = {number for other, number in numbers.items() if other != name}
            numbers[name] = choose(default, others)
    return Ports(**numbers)
