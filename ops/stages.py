"""Shows a run of several stages: a spinner on a terminal, plain lines in a pipe."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import click

if TYPE_CHECKING:
    from collections.abc import Iterator


class Display(Protocol):
    """Where the progress goes."""

    def begin(self, title: str) -> None:
        """A stage starts."""

    def say(self, line: str) -> None:
        """Something worth seeing while it lasts."""

    def note(self, line: str) -> None:
        """Something worth keeping in sight."""

    def end(self, title: str, result: str, seconds: float, *, ok: bool) -> None:
        """A stage is over."""


@dataclass
class Stage:
    """One stage under way; what it comes to is told by `result`."""

    title: str
    display: Display
    result: str = ""

    def say(self, line: str) -> None:
        """Show a line of progress."""
        self.display.say(line)

    def note(self, line: str) -> None:
        """Show a line that stays."""
        self.display.note(line)


@dataclass
class Stages:
    """The stages of one run, with how long each took."""

    display: Display
    seconds: dict[str, float] = field(default_factory=dict)

    @contextmanager
    def stage(self, title: str) -> Iterator[Stage]:
        """Run one stage; the time it took is kept, whether it ends well or not."""
        began = time.monotonic()
        stage = Stage(title, self.display)
        self.display.begin(title)
        ok = False
        try:
            yield stage
            ok = True
        finally:
            self.seconds[title] = round(time.monotonic() - began, 2)
            self.display.end(title, stage.result, self.seconds[title], ok=ok)


class Plain:
    """Lines without colour or motion.

    Args:
        to_stderr: keep stdout for the JSON answer.
    """

    def __init__(self, *, to_stderr: bool) -> None:
        self._to_stderr = to_stderr

    def begin(self, title: str) -> None:
        """Name the stage."""
        self._print(f"{title} …")

    def say(self, line: str) -> None:
        """Print an indented line."""
        self._print(f"  {line}")

    def note(self, line: str) -> None:
        """Print an indented line."""
        self.say(line)

    def end(self, title: str, result: str, seconds: float, *, ok: bool) -> None:
        """Print what came of it."""
        self._print(f"{title}: {result if ok else 'failed'} ({seconds:.1f} s)")

    def _print(self, line: str) -> None:
        click.echo(line, err=self._to_stderr)


class Spinner:
    """A spinner that says what is going on; a finished stage leaves one line."""

    def __init__(self) -> None:
        from rich.console import Console  # noqa: PLC0415 - only a terminal needs it

        self._console = Console(highlight=False)
        self._title = ""
        self._status = self._console.status("")

    def begin(self, title: str) -> None:
        """Start to spin."""
        self._title = title
        self._status = self._console.status(f"[bold]{title}[/]")
        self._status.start()

    def say(self, line: str) -> None:
        """Show the line beside the spinner."""
        from rich.markup import escape  # noqa: PLC0415

        self._status.update(f"[bold]{self._title}[/]  [dim]{escape(line)}[/]")

    def note(self, line: str) -> None:
        """Leave a line above the spinner."""
        self._console.print(f"  {line}", markup=False)

    def end(self, title: str, result: str, seconds: float, *, ok: bool) -> None:
        """Leave one line."""
        self._status.stop()
        mark = "[green]✓[/]" if ok else "[red]✗[/]"
        self._console.print(f"{mark} {title:<22} [dim]{seconds:5.1f} s[/]  {result}")


def display(*, is_terminal: bool, as_json: bool) -> Display:
    """Choose how progress is shown."""
    return Spinner() if is_terminal and not as_json else Plain(to_stderr=as_json)
