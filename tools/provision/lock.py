"""One at a time: a lock on a file, which the kernel lets go of when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

from provision.command import pause

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path


RETRY_SECONDS = 0.1


@contextmanager
def held(path: Path, waiting: Callable[[str], None]) -> Iterator[None]:
    """Hold a lock while the block runs; `waiting` is told who has it when it is not free.

    The commands that the block runs inherit it: after a set-up that was killed, the installer it left behind
    still holds the lock, and the next set-up does not work against it.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("a+") as file:
        os.set_inheritable(file.fileno(), True)  # noqa: FBT003 - the function takes no keyword
        if not _take(file):
            file.seek(0)
            waiting(f"waiting for {_holder(file.read().strip())}, which holds {path}")
            while not _take(file):
                pause(RETRY_SECONDS)  # not in the kernel, which would not hear of an interruption
        file.truncate(0)
        file.write(str(os.getpid()))
        file.flush()
        yield
        fcntl.flock(file, fcntl.LOCK_UN)  # for who inherited it, too: what they do now is not the block's


def _take(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _holder(process: str) -> str:
    if not process.isdigit():
        return "another set-up"
    with contextlib.suppress(PermissionError):
        try:
            os.kill(int(process), 0)
        except ProcessLookupError:
            return f"an installer that process {process} left running (`lsof` on the file names it)"
    return f"process {process}"
