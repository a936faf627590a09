"""Runs an installer: when it fails, its last lines go to the person, without secrets."""

from __future__ import annotations

import collections
import contextlib
import os
import re
import signal
import subprocess
import threading
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from pathlib import Path

LAST_LINES = 15
GRACE_SECONDS = 5
SHORTEST_SECRET = 8  # a shorter value may stand in any line
_SECRET = re.compile(r"TOKEN|SECRET|PASSW|PASSPHRASE|CREDENTIAL|KEY$", re.IGNORECASE)
_LOGIN = re.compile(r"(?<=://)[^/@\s]+(?=@)")
_running: set[subprocess.Popen[str]] = set()
_stopping = threading.Event()
_interruptions: list[int] = []


class SetupError(Exception):
    """A step of set-up failed; the message says what, what it means and what to do."""


class StoppedError(Exception):
    """Set-up is being given up: no second way is tried, no further command begun."""


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
        StoppedError: `end_all` was called.
    """
    process = _start([str(part) for part in command], environment, folder)
    timed_out = threading.Event()

    def give_up() -> None:
        timed_out.set()
        _end(process)

    late = threading.Timer(seconds, give_up)
    late.daemon = True
    try:
        late.start()
        lines = _listen(process, heard)
        process.wait()
    except BaseException:
        _end(process)
        raise
    finally:
        late.cancel()
        _running.discard(process)
    if _stopping.is_set():
        raise StoppedError
    if process.returncode == 0:
        return "\n".join(lines)
    last = "\n".join(f"    {line}" for line in list(lines)[-LAST_LINES:])
    code = process.returncode
    how = f"did not end within {seconds:.0f} s" if timed_out.is_set() else f"ended with exit code {code}"
    raise SetupError(
        f"`{' '.join(str(part) for part in command[:4])} …` {how}.\n{_without_secrets(last, environment)}\n"
        "  What was already installed is kept: run the same command again once the cause is mended."
    )


def _start(command: list[str], environment: Mapping[str, str], folder: Path) -> subprocess.Popen[str]:
    if _stopping.is_set():
        raise StoppedError
    try:
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            start_new_session=True,
            close_fds=False,  # set-up's locks are inherited, and nothing else is
        )
    except OSError as error:
        raise SetupError(f"{command[0].rpartition('/')[2]} cannot be run: {error}.") from error
    _running.add(process)
    if _stopping.is_set():
        _end(process)
    return process


def _listen(process: subprocess.Popen[str], heard: Callable[[str], None]) -> collections.deque[str]:
    lines: collections.deque[str] = collections.deque(maxlen=5_000)
    for line in process.stdout or ():
        lines.append(line.rstrip())
        heard(line.rstrip())
    return lines


def _without_secrets(text: str, environment: Mapping[str, str]) -> str:
    """An installer may print the address or the token that it was given."""
    for name, value in environment.items():
        if _SECRET.search(name) and len(value) >= SHORTEST_SECRET:
            text = text.replace(value, "***")
    return _LOGIN.sub("***", text)


def pause(seconds: float) -> None:
    """Wait for something that is not a command.

    Raises:
        StoppedError: `end_all` was called.
        KeyboardInterrupt: set-up was interrupted; only in the main thread.
    """
    if _stopping.wait(seconds):
        raise StoppedError
    if _interruptions and threading.current_thread() is threading.main_thread():
        raise KeyboardInterrupt


def notice_interruptions() -> None:
    """Note a Ctrl-C, a closed terminal and a polite end, for the next `pause` of the main thread to raise.

    Raised at any line, as Python does it, one may fall between the taking of a lock and the letting go, and
    set-up would never end.
    """
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        if signal.getsignal(number) != signal.SIG_IGN:  # `nohup` ignores one, and means it
            signal.signal(number, lambda received, _frame: _interruptions.append(received))


def end_all() -> None:
    """End every command that still runs: an interrupted set-up leaves nothing working on."""
    _stopping.set()
    for process in list(_running):
        _end(process)


def _end(process: subprocess.Popen[str]) -> None:
    """End it with its whole process group, which it leads; what does not end in time is killed."""
    _signal(process, signal.SIGTERM)
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(GRACE_SECONDS)
    _signal(process, signal.SIGKILL)


def _signal(process: subprocess.Popen[str], number: signal.Signals) -> None:
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, number)
