"""The logs of the local cloud's processes: one file each, bounded in size."""

from __future__ import annotations

import time
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

MAX_BYTES = 5_000_000
POLL_SECONDS = 0.2
BEGINNING = "--- started"


def path_of(state: Path, process: str) -> Path:
    """Where one process's log lies."""
    return state / "log" / f"{process}.log"


def rotate(path: Path) -> None:
    """Move a log that grew large aside, over the previous one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if path.exists() and path.stat().st_size > MAX_BYTES:
        path.replace(path.with_suffix(".log.1"))


def begin(path: Path) -> None:
    """Rotate a log and mark in it where a new run begins."""
    rotate(path)
    with path.open("a") as file:
        file.write(f"{BEGINNING} {time.strftime('%Y-%m-%d %H:%M:%S')}\n")


def last_words(path: Path, count: int) -> list[str]:
    """Read the last lines of the newest run alone."""
    lines = tail(path, count)
    beginnings = [number for number, line in enumerate(lines) if line.startswith(BEGINNING)]
    return lines[beginnings[-1] + 1 :] if beginnings else lines


def tail(path: Path, count: int) -> list[str]:
    """Read the last lines of a log; none where there is no log."""
    try:
        with path.open(errors="replace") as file:
            return [line.rstrip("\n") for line in deque(file, maxlen=count)]
    except FileNotFoundError:
        return []


def follow(paths: Sequence[Path]) -> Iterator[tuple[Path, str]]:
    """Yield what is appended to the logs from now on, whole lines only, for ever."""
    offsets = {path: _size(path) for path in paths}
    while True:
        for path in paths:
            for line in _appended(path, offsets):
                yield path, line
        time.sleep(POLL_SECONDS)


def _appended(path: Path, offsets: dict[Path, int]) -> Iterator[str]:
    size = _size(path)
    if size < offsets[path]:  # rotated at a restart: begin at the new file's start
        offsets[path] = 0
    if size == offsets[path]:
        return
    with path.open("rb") as file:
        file.seek(offsets[path])
        for line in file:
            if not line.endswith(b"\n"):
                return
            offsets[path] += len(line)
            yield line.decode(errors="replace").rstrip("\n")


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:
        return 0
