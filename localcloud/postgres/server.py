"""The running PostgreSQL server: its settings, its leftovers, its end."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import subprocess
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

from localcloud.postgres import account
from localcloud.postgres.binaries import program
from localcloud.postgres.errors import AlreadyRunningError, ClusterError, PortTakenError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from localcloud.postgres.cluster import Cluster

LEAVE_SECONDS = 4  # a supervisor waits five

# For one developer's machine: small, few processes, and nothing of a statement's data in the log.
SETTINGS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "timezone": "UTC",
    "shared_buffers": "32MB",
    "max_connections": "100",
    "max_worker_processes": "2",
    "max_parallel_workers": "0",
    "max_logical_replication_workers": "0",
    "max_wal_senders": "0",
    "wal_level": "minimal",
    "max_wal_size": "256MB",
    "autovacuum_max_workers": "1",
    "io_method": "sync",  # the default keeps three more processes
    "idle_in_transaction_session_timeout": "60s",
    "log_line_prefix": "%m [%p] %q%u@%d ",
    "log_checkpoints": "off",
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}


@contextmanager
def held(cluster: Cluster) -> Iterator[None]:
    """Hold the cluster for this process alone.

    Raises:
        AlreadyRunningError: another process holds it.
    """
    with (cluster.folder / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise AlreadyRunningError(
                f"Another process already serves the database in {cluster.folder}.",
                "This one ends; the database is up.",
                "See `ops local status`; `ops local down` ends it.",
            ) from None
        yield


def clear_leftovers(cluster: Cluster) -> None:
    """See to it that what a killed run left behind does not keep the server from starting.

    PostgreSQL ignores a pid file whose process is gone, but not one whose number another process got.

    Raises:
        ClusterError: a server of that run still holds the files and does not end.
    """
    pid_file = cluster.data / "postmaster.pid"
    deadline = time.monotonic() + LEAVE_SECONDS
    while (pid := _recorded_pid(cluster)) is not None and _serves(pid, cluster):
        if time.monotonic() > deadline:
            raise ClusterError(
                f"A server of an earlier run (process {pid}) still holds {cluster.data} and does not end.",
                "The database cannot start.",
                f"End it with `kill -QUIT {pid}` and try again.",
            )
        os.kill(pid, signal.SIGINT)
        time.sleep(0.1)
    pid_file.unlink(missing_ok=True)


def _recorded_pid(cluster: Cluster) -> int | None:
    try:
        return int((cluster.data / "postmaster.pid").read_text().splitlines()[0])
    except (FileNotFoundError, IndexError, ValueError):
        return None


def _serves(pid: int, cluster: Cluster) -> bool:
    import psutil  # noqa: PLC0415 - only after an unclean end; kept out of the memory of every other run

    try:
        return str(cluster.data) in psutil.Process(pid).cmdline()
    except psutil.Error:
        return False


def run(cluster: Cluster, port: int) -> int:
    """Run the server until SIGTERM or SIGINT, or until it ends by itself.

    Returns:
        0 when it was asked to end and did, 1 when it ended by itself.

    Raises:
        PortTakenError: something listens on the port.
    """
    _require_free(port)
    settings = {**SETTINGS, "port": str(port)}
    options = [part for name, value in settings.items() for part in ("-c", f"{name}={value}")]
    server = subprocess.Popen(
        [program("postgres"), "-D", cluster.data, *options],
        cwd=cluster.folder,
        preexec_fn=account.become(cluster.owner),  # noqa: PLW1509 - this process has one thread
    )
    return _until_end(server)


def _require_free(port: int) -> None:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError as error:
            raise PortTakenError(
                f"Port {port} on 127.0.0.1 cannot be used ({error.strerror}).",
                "The database cannot start.",
                f"End what listens there (`ss -ltnp 'sport = :{port}'`) and run `make up`.",
            ) from None


def _until_end(server: subprocess.Popen[bytes]) -> int:
    asked = False

    def stop(_signal: int, _frame: object) -> None:
        nonlocal asked
        asked = True
        server.send_signal(signal.SIGINT)  # "fast": SIGTERM would wait for every client to leave
        signal.alarm(LEAVE_SECONDS)

    def insist(_signal: int, _frame: object) -> None:
        server.send_signal(signal.SIGQUIT)  # "immediate": recovers from the log at the next start

    signal.signal(signal.SIGTERM, stop)
    signal.signal(signal.SIGINT, stop)
    signal.signal(signal.SIGALRM, insist)
    server.wait()
    return 0 if asked else 1
