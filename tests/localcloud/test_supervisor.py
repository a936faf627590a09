"""The supervisor with small real processes in the place of the cloud's own."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from localcloud import config, family, supervisor
from localcloud.config import Config, Secrets
from localcloud.errors import ProcessFailedError
from localcloud.pidfile import PidFile
from localcloud.processes import Process

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

# Says on which of the cloud's ports it would listen by a file, starts a child as the edge does, and stays.
WELL = """
import pathlib, subprocess, sys, time
pathlib.Path(sys.argv[1]).touch()
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
time.sleep(600)
"""
STUBBORN = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN);" + WELL
BROKEN = "print('port 1 is not for us'); raise SystemExit(7)"


@pytest.fixture
def cloud(tmp_path: Path) -> Iterator[Config]:
    yield Config(tmp_path.resolve(), config.DEFAULT_PORTS, Secrets())
    supervisor.stop(tmp_path.resolve())


@pytest.fixture
def table(cloud: Config, monkeypatch: pytest.MonkeyPatch) -> Callable[..., None]:
    def install(**programs: str) -> None:
        def processes(_: Config) -> tuple[Process, ...]:
            return tuple(
                Process(name, (sys.executable, "-c", code, str(sign(name))), sign(name).exists)
                for name, code in programs.items()
            )

        monkeypatch.setattr(supervisor, "table", processes)

    def sign(name: str) -> Path:
        return cloud.state_dir / f"{name}.well"

    return install


def conditions(cloud: Config) -> dict[str, str]:
    return {one.name: one.condition for one in supervisor.status(cloud)}


def ids(cloud: Config) -> dict[str, int | None]:
    return {one.name: one.pid for one in supervisor.status(cloud)}


def eventually(holds: Callable[[], bool]) -> bool:
    deadline = time.monotonic() + 5
    while time.monotonic() < deadline:
        if holds():
            return True
        time.sleep(0.02)
    return False


def test_a_process_that_dies_at_its_start_shows_its_last_words(
    cloud: Config, table: Callable[..., None]
) -> None:
    table(r2=BROKEN)
    with pytest.raises(ProcessFailedError) as caught:
        supervisor.start(cloud, lambda _: None)
    assert caught.value.happened == "r2 ended with exit code 7."
    assert "port 1 is not for us" in caught.value.detail
    assert "ops local logs r2" in caught.value.remedy
    assert conditions(cloud) == {"r2": "dead"}


def test_all_are_started_once_and_found_well(cloud: Config, table: Callable[..., None]) -> None:
    table(r2=WELL, edge=WELL)
    assert conditions(cloud) == {"r2": "stopped", "edge": "stopped"}
    assert supervisor.start(cloud, lambda _: None) == ["r2", "edge"]
    before = ids(cloud)
    assert conditions(cloud) == {"r2": "running", "edge": "running"}
    assert supervisor.start(cloud, lambda _: None) == []
    assert ids(cloud) == before


def test_a_killed_process_is_told_with_its_signal_and_repaired(
    cloud: Config, table: Callable[..., None]
) -> None:
    table(r2=WELL, edge=WELL)
    supervisor.start(cloud, lambda _: None)
    before = ids(cloud)
    os.kill(before["edge"] or 0, signal.SIGKILL)
    assert eventually(lambda: conditions(cloud)["edge"] == "dead")
    [dead] = [one for one in supervisor.status(cloud) if one.name == "edge"]
    assert dead.detail == "killed by signal 9 (SIGKILL)"
    orphans = set(family.marked(cloud.state_dir))
    assert supervisor.start(cloud, lambda _: None) == ["edge"]
    after = ids(cloud)
    assert after["r2"] == before["r2"]
    assert after["edge"] != before["edge"]
    assert (
        len(family.marked(cloud.state_dir)) == len(orphans) + 2
    )  # the new watcher and process; the orphan is gone


def test_stopping_leaves_no_process_not_even_children(cloud: Config, table: Callable[..., None]) -> None:
    table(r2=WELL, edge=WELL)
    supervisor.start(cloud, lambda _: None)
    assert len(family.marked(cloud.state_dir)) >= 4
    assert supervisor.stop(cloud.state_dir) == ["edge", "r2"]
    assert family.marked(cloud.state_dir) == {}
    assert conditions(cloud) == {"r2": "stopped", "edge": "stopped"}


def test_a_process_that_will_not_end_is_killed(cloud: Config, table: Callable[..., None]) -> None:
    table(r2=STUBBORN)
    supervisor.start(cloud, lambda _: None)
    watcher = PidFile(cloud.state_dir, "r2").read()
    assert watcher
    members = family.descendants(watcher)
    family.end(members[1:2], grace_seconds=0.2)
    assert eventually(lambda: not any(member.is_running() for member in members[1:]))


@pytest.mark.parametrize("content", ["", '{"pid": 1', "[]"])
def test_a_broken_pid_file_neither_doubles_nor_leaks_a_process(
    cloud: Config, table: Callable[..., None], content: str
) -> None:
    table(r2=WELL)
    supervisor.start(cloud, lambda _: None)
    before = set(family.marked(cloud.state_dir))
    PidFile(cloud.state_dir, "r2").path.write_text(content)
    assert supervisor.listening(cloud.state_dir) == {"r2"}
    assert supervisor.start(cloud, lambda _: None) == ["r2"]
    assert before.isdisjoint(family.marked(cloud.state_dir))


def test_a_stopped_cloud_ends_processes_that_no_file_leads_to(
    cloud: Config, table: Callable[..., None]
) -> None:
    table(r2=WELL)
    supervisor.start(cloud, lambda _: None)
    PidFile(cloud.state_dir, "r2").clear()
    assert supervisor.stop(cloud.state_dir) == ["r2"]
    assert family.marked(cloud.state_dir) == {}


def test_the_processes_of_another_cloud_are_left_alone(
    cloud: Config, table: Callable[..., None], tmp_path: Path
) -> None:
    table(r2=WELL)
    supervisor.start(cloud, lambda _: None)
    supervisor.stop(tmp_path / "another")
    assert conditions(cloud) == {"r2": "running"}


def test_the_port_of_a_stranger_does_not_make_him_end(cloud: Config, table: Callable[..., None]) -> None:
    table(r2=WELL)
    code = "import socket,time; s=socket.socket(); s.bind(('127.0.0.1',0)); s.listen(); time.sleep(600)"
    stranger = subprocess.Popen([sys.executable, "-c", code])
    try:
        supervisor.start(cloud, lambda _: None)
        supervisor.stop(cloud.state_dir)
        assert psutil.Process(stranger.pid).is_running()
        assert stranger.poll() is None
    finally:
        stranger.kill()
        stranger.wait()


def test_a_process_survives_the_command_that_started_it_and_its_terminal(
    cloud: Config, table: Callable[..., None]
) -> None:
    table(r2=WELL)
    supervisor.start(cloud, lambda _: None)
    pid = ids(cloud)["r2"]
    assert pid
    assert os.getsid(pid) != os.getsid(0)


def test_memory_and_uptime_are_told(cloud: Config, table: Callable[..., None]) -> None:
    table(r2=WELL)
    supervisor.start(cloud, lambda _: None)
    [one] = supervisor.status(cloud)
    assert one.rss_bytes > 2_000_000
    assert 0 <= one.uptime_seconds < 60
    assert one.ports == (config.DEFAULT_PORTS.r2,)
