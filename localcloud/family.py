"""Finds and ends processes with all that they started, also when the links between them are broken."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

import psutil

from localcloud.config import STATE_DIR_VARIABLE

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Iterable
    from pathlib import Path

# Every supervised process carries this variable and hands it to its children, so that what a killed process
# left behind is found again.
MARK = "ALPHOGEN_PROCESS"
GRACE_SECONDS = 8.0


def marked(state: Path) -> dict[psutil.Process, str]:
    """List this user's processes that belong to a local cloud, with the name under which each was started."""
    found = {}
    for process in psutil.process_iter():
        with suppress(psutil.Error, OSError):
            environment = process.environ()
            if MARK in environment and environment.get(STATE_DIR_VARIABLE) == str(state):
                found[process] = environment[MARK]
    return found


def descendants(process: psutil.Process) -> list[psutil.Process]:
    """List the process and all below it; empty when it is gone."""
    with suppress(psutil.Error):
        return [process, *process.children(recursive=True)]
    return []


def end(processes: Collection[psutil.Process], grace_seconds: float = GRACE_SECONDS) -> None:
    """Ask the processes to end, and kill those (with their children) that do not within the grace time."""
    everyone = {member for process in processes for member in descendants(process)}
    _each(processes, psutil.Process.terminate)
    _, stubborn = psutil.wait_procs(processes, timeout=grace_seconds)
    if stubborn:
        _each([member for process in stubborn for member in descendants(process)], psutil.Process.kill)
    _, left = psutil.wait_procs(everyone, timeout=1.0)
    _each(left, psutil.Process.kill)
    psutil.wait_procs(left, timeout=1.0)


def _each(processes: Iterable[psutil.Process], action: Callable[[psutil.Process], object]) -> None:
    for process in processes:
        with suppress(psutil.Error):
            action(process)
