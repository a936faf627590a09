"""Runs an installer: its output goes to a log, its last lines to the person when it fails."""

from __future__ import annotations

import collections
import os
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

LAST_LINES = 15
_running: set[subprocess.Popen[str]] = set()


class SetupError(Exception):
    """A step of set-up failed; the message says what, what it means and what to do."""


def run(
    command: Sequence[object],
    environment: Mapping[str, str],
    folder: Path,
    seconds: float,
    heard: Callable[[str], None] = lambda _line: None,
) -> str:
    """Run a command to its end and give what it printed; `heard` is told each line as it comes.

    The parts of a command are strings or paths.

    Raises:
        SetupError: it is missing, failed, or took longer than `seconds`.
    """
    name = str(command[0]).rpartition("/")[2]
    try:
        process = subprocess.Popen(
            [str(part) for part in command],
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
        )
    except OSError as error:
        raise SetupError(f"{name} cannot be run: {error}.") from error
    _running.add(process)
    late = threading.Timer(seconds, _end, [process])
    late.start()
    try:
        lines = _listen(process, heard)
    except BaseException:
        _end(process)
        raise
    finally:
        on_time = late.is_alive()
        late.cancel()
        _running.discard(process)
    if process.wait() == 0:
        return "\n".join(lines)
    last = "\n".join(f"    {line}" for line in list(lines)[-LAST_LINES:])
    how = f"ended with exit code {process.returncode}" if on_time else f"did not end within {seconds:.0f} s"
    raise SetupError(
        f"`{' '.join(str(part) for part in command[:4])} …` {how}.\n{last}\n"
        "  What was already installed is kept: run the same command again once the cause is mended."
    )


def _listen(process: subprocess.Popen[str], heard: Callable[[str], None]) -> collections.deque[str]:
    lines: collections.deque[str] = collections.deque(maxlen=5_000)
    for line in process.stdout or ():
        lines.append(line.rstrip())
        heard(line.rstrip())
    return lines


def end_all() -> None:
    """End every command that still runs: an interrupted set-up leaves nothing working on."""
    for process in list(_running):
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """End it with all its children: it leads a session of its own."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGTERM)
