"""One command at a time changes a local cloud; the others learn who holds it."""

from __future__ import annotations

import fcntl
import json
import os
import time
from contextlib import contextmanager, suppress
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

RETRY_SECONDS = 0.2


@contextmanager
def held(state: Path, command: str, on_wait: Callable[[str], None]) -> Iterator[None]:
    """Hold the local cloud of a state folder; wait while another command does.

    The kernel frees the lock when its holder ends, however it ends: there is nothing to clean up.

    Args:
        state: the folder of the local cloud.
        command: what the holder is doing, for those who wait.
        on_wait: is told once who holds it.
    """
    state.mkdir(parents=True, exist_ok=True)
    with (state / "lock").open("a+") as file:
        _acquire(file, on_wait)
        file.truncate(0)
        json.dump({"pid": os.getpid(), "command": command, "since": time.strftime("%H:%M:%S")}, file)
        file.flush()
        try:
            yield
        finally:
            file.truncate(0)


def _acquire(file: Any, on_wait: Callable[[str], None]) -> None:
    told = False
    while True:
        with suppress(BlockingIOError):
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return
        if not told:
            on_wait(_holder(file))
            told = True
        time.sleep(RETRY_SECONDS)


def _holder(file: Any) -> str:
    file.seek(0)
    try:
        note = json.load(file)
        return f"`{note['command']}` (process {note['pid']}, since {note['since']})"
    except (ValueError, KeyError, TypeError):  # caught between taking the lock and writing the note
        return "another command"
