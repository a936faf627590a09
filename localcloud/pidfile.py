"""What is known about a started process: its id and start time, and how it ended."""

from __future__ import annotations

import json
import signal
from dataclasses import dataclass
from typing import TYPE_CHECKING

import psutil

if TYPE_CHECKING:
    from pathlib import Path

SIGNAL_BASE = 128  # a shell reports a child killed by signal n as 128 + n
CLOCK_SLACK_SECONDS = 2.0


@dataclass(frozen=True)
class PidFile:
    """The two files that one process leaves in the state folder."""

    state: Path
    name: str

    @property
    def path(self) -> Path:
        """Id and start time of the shell that watches the process."""
        return self.state / "run" / f"{self.name}.json"

    @property
    def exit_path(self) -> Path:
        """The exit status, written by that shell when the process ends."""
        return self.state / "run" / f"{self.name}.exit"

    def write(self, process: psutil.Process) -> None:
        """Record a started process, whole or not at all."""
        draft = self.path.with_suffix(".new")
        draft.write_text(json.dumps({"pid": process.pid, "started": process.create_time()}))
        draft.replace(self.path)

    def read(self) -> psutil.Process | None:
        """Find the recorded process if it still lives; a reused id or a broken file is no process."""
        try:
            note = json.loads(self.path.read_text())
            process = psutil.Process(note["pid"])
            same = abs(process.create_time() - note["started"]) < CLOCK_SLACK_SECONDS
            alive = process.status() != psutil.STATUS_ZOMBIE  # it may also end between these two looks
        except (OSError, ValueError, KeyError, TypeError, psutil.Error):
            return None
        return process if same and alive else None

    def was_started(self) -> bool:
        """Whether a start was recorded that no stop has cleared."""
        return self.path.exists()

    def clear(self) -> None:
        """Forget the process: it was stopped on purpose."""
        self.path.unlink(missing_ok=True)
        self.exit_path.unlink(missing_ok=True)

    def ending(self) -> str:
        """Say how the process ended."""
        try:
            status = int(self.exit_path.read_text())
        except (OSError, ValueError):
            return "ended without a trace (machine restarted, or its watcher was killed)"
        if status > SIGNAL_BASE:
            return f"killed by {_signal_name(status - SIGNAL_BASE)}"
        return f"ended with exit code {status}"


def _signal_name(number: int) -> str:
    try:
        return f"signal {number} ({signal.Signals(number).name})"
    except ValueError:
        return f"signal {number}"
