"""Starts, watches, repairs and stops the processes of a local cloud; nothing of it stays in memory."""

from __future__ import annotations

import os
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

from localcloud import family, logs
from localcloud.config import CHECKOUT, STATE_DIR_VARIABLE
from localcloud.errors import ProcessFailedError
from localcloud.pidfile import PidFile
from localcloud.processes import LISTENERS, Process, table

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from localcloud.config import Config

START_SECONDS = 60.0
POLL_SECONDS = 0.1
LOG_LINES = 15
# The shell stays to write down how the process ended: who started it will be gone by then.
WATCH = '"$@"; echo $? > "$0.new" && mv "$0.new" "$0"'


@dataclass(frozen=True)
class Status:
    """How one process is.

    Attributes:
        condition: running, starting, unhealthy, dead or stopped.
        pid: of the process itself, not of the shell that watches it.
        rss_bytes: resident memory of it and its children.
        detail: for a dead process, how it ended.
    """

    name: str
    condition: str
    ports: tuple[int, ...]
    log: Path
    pid: int | None = None
    rss_bytes: int = 0
    uptime_seconds: float = 0.0
    detail: str = ""


def status(config: Config) -> list[Status]:
    """Look at every process, side by side."""
    processes = table(config)
    with ThreadPoolExecutor(len(processes)) as pool:
        return list(pool.map(lambda process: _status(config, process), processes))


def _status(config: Config, process: Process) -> Status:
    pid_file = PidFile(config.state_dir, process.name)
    ports = tuple(getattr(config.ports, name) for name in LISTENERS[process.name])
    log = logs.path_of(config.state_dir, process.name)
    watcher = pid_file.read()
    if watcher is None:
        gone = "dead" if pid_file.was_started() else "stopped"
        return Status(process.name, gone, ports, log, detail=pid_file.ending() if gone == "dead" else "")
    uptime = time.time() - watcher.create_time()
    well = process.is_well()
    condition = "running" if well else "starting" if uptime < START_SECONDS else "unhealthy"
    members = family.descendants(watcher)
    main = members[1] if len(members) > 1 else watcher
    return Status(process.name, condition, ports, log, main.pid, _resident(members), uptime)


def _resident(members: Iterable[psutil.Process]) -> int:
    total = 0
    for member in members:
        with suppress(psutil.Error):
            total += member.memory_info().rss
    return total


def listening(state: Path) -> set[str]:
    """Name the ports that this local cloud's own living processes hold, whatever their number is."""
    alive = {path.stem for path in (state / "run").glob("*.json") if PidFile(state, path.stem).read()}
    # A process that lost its pid file still carries its mark: its port is not a stranger's.
    alive |= set(family.marked(state).values())
    return {port for name, ports in LISTENERS.items() if name in alive for port in ports}


def start(config: Config, say: Callable[[str], None]) -> list[str]:
    """Start what does not run, replace what does not answer, and wait until all are well.

    Returns:
        The names of those that were started.

    Raises:
        ProcessFailedError: one ended or did not become well; the others keep running.
    """
    states = {one.name: one for one in status(config)}
    absent = [process for process in table(config) if states[process.name].condition in {"dead", "stopped"}]
    ill = [process for process in table(config) if states[process.name].condition == "unhealthy"]
    for process in (*absent, *ill):
        if states[process.name].condition in {"dead", "unhealthy"}:
            say(f"{process.name} is {states[process.name].condition}: starting it again")
    _stop(config.state_dir, [process.name for process in ill])
    started = [*absent, *ill]
    if started:
        _sweep(config.state_dir, {process.name for process in started})
    for process in started:
        _spawn(config, process)
    _await(config, [process for process in table(config) if states[process.name].condition != "running"], say)
    return [process.name for process in started]


def _spawn(config: Config, process: Process) -> None:
    pid_file = PidFile(config.state_dir, process.name)
    pid_file.path.parent.mkdir(parents=True, exist_ok=True)
    pid_file.clear()
    log = logs.path_of(config.state_dir, process.name)
    logs.begin(log)
    config.data(process.name).mkdir(parents=True, exist_ok=True)
    marks = {STATE_DIR_VARIABLE: str(config.state_dir), family.MARK: process.name, "PYTHONUNBUFFERED": "1"}
    with log.open("ab") as output:
        child = subprocess.Popen(
            ["/bin/sh", "-c", WATCH, str(pid_file.exit_path), *process.argv],
            cwd=CHECKOUT,
            env={**os.environ, **marks},
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            start_new_session=True,  # a Ctrl-C in the terminal is for the command, not for the local cloud
        )
    pid_file.write(psutil.Process(child.pid))


def _await(config: Config, processes: list[Process], say: Callable[[str], None]) -> None:
    began = time.monotonic()
    waiting = list(processes)
    while waiting:
        for process in list(waiting):
            if process.is_well():
                waiting.remove(process)
                say(f"{process.name} is well after {time.monotonic() - began:.1f} s")
            elif PidFile(config.state_dir, process.name).read() is None:
                raise _failure(config, process, PidFile(config.state_dir, process.name).ending())
        if waiting and time.monotonic() - began > START_SECONDS:
            raise _failure(config, waiting[0], f"does not answer after {START_SECONDS:.0f} s")
        time.sleep(POLL_SECONDS)


def _failure(config: Config, process: Process, how: str) -> ProcessFailedError:
    log = logs.path_of(config.state_dir, process.name)
    return ProcessFailedError(
        f"{process.name} {how}.",
        "The local cloud is not complete; what else was started keeps running.",
        f"Look at the cause in {log} (`ops local logs {process.name}`), then run `make up` again.",
        detail="\n".join(logs.last_words(log, LOG_LINES)),
    )


def stop(state: Path) -> list[str]:
    """End every process of a local cloud, also those that lost their parent, and name those that ran."""
    names = [path.stem for path in sorted((state / "run").glob("*.json"))]
    ran = set(_stop(state, names))
    return sorted(ran | _sweep(state, None))


def _stop(state: Path, names: list[str]) -> list[str]:
    watchers = {name: watcher for name in names if (watcher := PidFile(state, name).read())}
    # The process, not its watching shell, is asked to end; the shell follows and writes down how.
    family.end(
        [member for watcher in watchers.values() for member in family.descendants(watcher)[1:2] or [watcher]]
    )
    family.end(list(watchers.values()), grace_seconds=1.0)
    for name in names:
        PidFile(state, name).clear()
    return list(watchers)


def _sweep(state: Path, names: set[str] | None) -> set[str]:
    """End what carries the mark of the named processes (None: of any) though no pid file leads to it."""
    lost = {process: name for process, name in family.marked(state).items() if names is None or name in names}
    family.end(list(lost))
    return set(lost.values())
