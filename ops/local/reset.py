"""`ops local reset`."""

from __future__ import annotations

import shutil
import sys
from typing import TYPE_CHECKING

import click

from localcloud import config, lock, supervisor
from ops.errors import WrongUsageError
from ops.example import Command
from ops.session import current, json_option, print_json

if TYPE_CHECKING:
    from pathlib import Path

# What the local cloud wrote. Tools and caches stay: they are slow to bring and hold no data.
REMOVED = (
    "data",
    "log",
    "run",
    "pulumi",
    "pulumi-home",
    "config.json",
    "config.json.copy",
    "config.json.broken",
)


@click.command(
    cls=Command,
    examples={
        "ops local reset": "asks first",
        "ops local reset --yes && ops local up": "start afresh, in a script",
    },
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def command(*, yes: bool) -> None:
    """Stop the local cloud and delete its data and settings.

    Jobs, media, users, secrets and Pulumi's local state go. Tools and caches stay.
    """
    state = config.state_dir()
    if not yes:
        _confirm(str(state))
    with lock.held(state, "ops local reset", lambda who: click.echo(f"waiting for {who}", err=True)):
        supervisor.stop(state)
        removed = [name for name in REMOVED if _remove(state / name)]
    if current().json:
        print_json({"removed": removed})
    else:
        click.echo(
            f"Removed {', '.join(removed) or 'nothing: there was no data'}. `ops local up` starts afresh."
        )


def _confirm(state: str) -> None:
    if not sys.stdin.isatty():
        raise WrongUsageError(
            "There is no terminal on which to ask.", "Nothing was deleted.", "Say `ops local reset --yes`."
        )
    click.confirm(f"Delete all jobs, media, users, secrets and Pulumi state in {state}?", abort=True)


def _remove(path: Path) -> bool:
    if path.is_dir():
        shutil.rmtree(path)
        return True
    existed = path.exists()
    path.unlink(missing_ok=True)
    return existed
