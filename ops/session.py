"""How this run of `ops` talks: to a person on a terminal, to a pipe, or to a machine as JSON."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


@dataclass
class Session:
    """What the options common to all commands said."""

    json: bool = False


def current() -> Session:
    """Give the session of the running command."""
    return click.get_current_context().ensure_object(Session)


def json_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add `--json` to a command; errors become JSON too."""

    def remember(ctx: click.Context, _parameter: click.Parameter, value: bool) -> None:  # noqa: FBT001 - Click calls it
        ctx.ensure_object(Session).json = value

    option = click.option(
        "--json", is_flag=True, expose_value=False, is_eager=True, callback=remember, help="Answer in JSON."
    )
    return option(command)


def print_json(document: object) -> None:
    """Answer a machine."""
    click.echo(json.dumps(document, indent=2, default=str))


def is_terminal() -> bool:
    """Whether a person watches the output."""
    return sys.stdout.isatty()
