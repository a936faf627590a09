"""`ops local down`."""

from __future__ import annotations

import click

from localcloud import config, lock, supervisor
from ops.example import Command
from ops.session import current, json_option, print_json


@click.command(
    cls=Command, examples={"ops local down": "stop everything; `ops local up` continues with the same data"}
)
@json_option
def command() -> None:
    """Stop every process of the local cloud; its data stays."""
    state = config.state_dir()
    with lock.held(state, "ops local down", lambda who: click.echo(f"waiting for {who}", err=True)):
        stopped = supervisor.stop(state)
    if current().json:
        print_json({"stopped": stopped})
    elif stopped:
        click.echo(f"Stopped {', '.join(stopped)}. The data stays; `ops local up` continues with it.")
    else:
        click.echo("Nothing was running.")
