"""`ops local env`."""

from __future__ import annotations

import shlex

import click

from localcloud import config, environment
from ops.example import Command
from ops.session import current, json_option, print_json


@click.command(
    cls=Command,
    examples={
        'eval "$(ops local env)"': "point this shell's curl, pulumi, wrangler and SDKs here",
        "ops local env --json | jq -r .DATABASE_URL": "take one value",
    },
)
@json_option
def command() -> None:
    """Print the shell exports that point any client at the local cloud.

    The output holds the random secrets of this checkout.
    """
    exports = environment.exports(config.load())
    if current().json:
        print_json(exports)
        return
    for name, value in exports.items():
        click.echo(f"export {name}={shlex.quote(value)}")
