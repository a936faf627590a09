"""Shows what set-up is doing and how far it is: moving lines on a terminal, plain ones in a pipe."""

from __future__ import annotations

import os
import sys
import threading
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from collections.abc import Iterator

REDRAW_SECONDS = 0.2
PLAIN_SECONDS = 15  # a line now and then, so that a log shows that it lives
NARROWEST = 80  # of a terminal that does not know its width
GREEN, RED, DIM, RESET = "\033[32m", "\033[31m", "\033[2m", "\033[0m"


class Step:
    """One running step; `doing` is what it shows."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.doing = ""
        self.started = time.monotonic()

    @property
    def seconds(self) -> float:
        """How long it has been running."""
        return time.monotonic() - self.started


class Screen:
    """Steps may run side by side, each on a line of its own."""

    def __init__(self, stream: TextIO = sys.stderr) -> None:
        self.stream = stream
        self.moving = stream.isatty() and os.environ.get("TERM") != "dumb"
        self.coloured = self.moving and "NO_COLOR" not in os.environ
        self.lock = threading.Lock()
        self.running: list[Step] = []
        self.drawn = 0

    @contextmanager
    def step(self, name: str) -> Iterator[Step]:
        """Show a step while the block runs, and how it ended."""
        step = Step(name)
        with self.lock:
            self.running.append(step)
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=[step, done], daemon=True)
        watcher.start()
        mark, colour = "✗", RED
        try:
            yield step
            mark, colour = "✓", GREEN
        finally:
            done.set()
            watcher.join()
            with self.lock:
                self.running.remove(step)
                self._say(f"{self._paint(mark, colour)} {name:<18} {step.doing} {self._took(step)}")

    def note(self, text: str) -> None:
        """A line of its own, above what moves."""
        with self.lock:
            self._say(text)

    def _watch(self, step: Step, done: threading.Event) -> None:
        pause = REDRAW_SECONDS if self.moving else PLAIN_SECONDS
        while not done.wait(pause):
            with self.lock:
                if self.moving:
                    self._draw()
                else:
                    self._say(f"  {step.name:<18} {step.doing} {self._took(step)}")

    def _say(self, line: str) -> None:
        self._clear()
        self.stream.write(line.rstrip() + "\n")
        self._draw()

    def _clear(self) -> None:
        if self.drawn:
            self.stream.write(f"\033[{self.drawn}F\033[J")
            self.drawn = 0

    def _draw(self) -> None:
        if self.moving:
            self._clear()
            width = os.get_terminal_size(self.stream.fileno()).columns or NARROWEST
            for step in self.running:
                self.stream.write(f"… {step.name:<18} {step.doing} {step.seconds:.0f} s"[: width - 1] + "\n")
            self.drawn = len(self.running)
        self.stream.flush()

    def _took(self, step: Step) -> str:
        return self._paint(f"{step.seconds:.1f} s", DIM)

    def _paint(self, text: str, colour: str) -> str:
        return f"{colour}{text}{RESET}" if self.coloured else text
