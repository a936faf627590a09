"""`ops local status`."""

from __future__ import annotations

from dataclasses import asdict
from typing import TYPE_CHECKING

import click

from localcloud import config, supervisor
from ops.errors import DependencyDownError
from ops.example import Command
from ops.session import current, is_terminal, json_option, print_json

if TYPE_CHECKING:
    from localcloud.supervisor import Status

MEBIBYTE = 1024 * 1024
MINUTE, HOUR = 60, 3600
COLOURS = {"running": "green", "starting": "yellow", "unhealthy": "red", "dead": "red", "stopped": "yellow"}
COLUMNS = ("process", "state", "port", "pid", "memory", "uptime", "log")


@click.command(
    cls=Command,
    examples={
        "ops local status": "one line a process; exit code 3 when one is down",
        "ops local status --json | jq '.processes[] | select(.condition != \"running\")'": "what is down",
    },
)
@json_option
def command() -> int:
    """Show each process: running or dead, port, memory, log."""
    processes = supervisor.status(config.load())
    is_down = any(process.condition != "running" for process in processes)
    if current().json:
        total = sum(process.rss_bytes for process in processes)
        print_json({"ok": not is_down, "rss_bytes": total, "processes": [asdict(one) for one in processes]})
        return DependencyDownError.exit_code if is_down else 0
    _print(processes)
    if is_down:
        raise _down(processes)
    return 0


def _print(processes: list[Status]) -> None:
    rows = [_row(process) for process in processes]
    total = sum(process.rss_bytes for process in processes)
    if is_terminal():
        _print_table(processes, rows)
    else:
        for row in (COLUMNS, *rows):
            click.echo("\t".join(row))
    click.echo(f"{total // MEBIBYTE} MiB in all; logs in {processes[0].log.parent}")


def _print_table(processes: list[Status], rows: list[tuple[str, ...]]) -> None:
    from rich.console import Console  # noqa: PLC0415 - a pipe does not need it
    from rich.table import Table  # noqa: PLC0415

    # A terminal is narrow and the logs share a folder; a pipe gets each path.
    table = Table(*COLUMNS[:-1], box=None, pad_edge=False)
    for process, row in zip(processes, rows, strict=True):
        table.add_row(row[0], f"[{COLOURS[process.condition]}]{row[1]}[/]", *row[2:-1])
    Console().print(table)


def _row(process: Status) -> tuple[str, ...]:
    alive = process.pid is not None
    return (
        process.name,
        f"{process.condition}: {process.detail}" if process.detail else process.condition,
        " ".join(map(str, process.ports)),
        str(process.pid) if alive else "-",
        f"{process.rss_bytes // MEBIBYTE} MiB" if alive else "-",
        _duration(process.uptime_seconds) if alive else "-",
        str(process.log),
    )


def _duration(seconds: float) -> str:
    whole = int(seconds)
    if whole < MINUTE:
        return f"{whole} s"
    if whole < HOUR:
        return f"{whole // MINUTE} min {whole % MINUTE} s"
    return f"{whole // HOUR} h {whole % HOUR // MINUTE} min"


def _down(processes: list[Status]) -> DependencyDownError:
    names = [process.name for process in processes if process.condition != "running"]
    return DependencyDownError(
        f"Not running: {', '.join(names)}.",
        "The local cloud is not complete.",
        "Run `ops local up`: it starts what is missing. `ops local logs NAME` shows why one ended.",
    )
