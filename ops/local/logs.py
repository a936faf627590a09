"""`ops local logs`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from localcloud import config, logs, processes
from ops.errors import WrongUsageError
from ops.example import Command
from ops.session import current, json_option

if TYPE_CHECKING:
    from pathlib import Path

COLOURS = ("cyan", "magenta", "green", "yellow", "blue", "bright_red", "bright_cyan")


@click.command(
    cls=Command,
    examples={
        "ops local logs": "the last lines of every process",
        "ops local logs edge runpod -f": "follow two of them",
        "ops local logs cloudflare -n 200": "more of one",
    },
)
@click.argument("names", nargs=-1)
@click.option("-f", "--follow", is_flag=True, help="Keep printing what is appended, until Ctrl-C.")
@click.option(
    "-n", "--lines", type=click.IntRange(0), default=20, show_default=True, help="Last lines of each."
)
@json_option
def command(names: tuple[str, ...], *, follow: bool, lines: int) -> None:
    """Show or follow the processes' logs (all, or those in NAMES)."""
    settings = config.load()
    known = [process.name for process in processes.table(settings)]
    unknown = [name for name in names if name not in known]
    if unknown:
        raise WrongUsageError(
            f"There is no process {', '.join(unknown)}.",
            "Nothing was shown.",
            f"The processes are: {', '.join(known)}.",
        )
    chosen = list(names) or known
    paths = {logs.path_of(settings.state_dir, name): name for name in chosen}
    printer = _Printer(known, prefixed=len(chosen) > 1)
    for path, name in paths.items():
        for line in logs.tail(path, lines):
            printer.print(name, line)
    if follow:
        _follow(paths, printer)


def _follow(paths: dict[Path, str], printer: _Printer) -> None:
    for path, line in logs.follow(list(paths)):
        printer.print(paths[path], line)


class _Printer:
    """Prints log lines under the name of their process, each in its colour."""

    def __init__(self, known: list[str], *, prefixed: bool) -> None:
        self._colours = dict(zip(known, COLOURS, strict=False))
        self._width = max(map(len, known))
        self._prefixed = prefixed
        self._as_json = current().json

    def print(self, name: str, line: str) -> None:
        if self._as_json:
            import json  # noqa: PLC0415 - only this form needs it

            click.echo(json.dumps({"process": name, "line": line}))
        elif self._prefixed:
            click.echo(f"{click.style(name.ljust(self._width), fg=self._colours[name])} │ {line}")
        else:
            click.echo(line)
