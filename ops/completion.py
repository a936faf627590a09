"""`ops completion`: the script that teaches a shell to complete `ops`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from ops.example import Command

SHELLS = ("bash", "zsh", "fish")


@click.command(
    cls=Command,
    examples={
        'eval "$(ops completion bash)"': "complete in this shell",
        "ops completion zsh > ~/.zfunc/_ops": "complete in every new zsh",
    },
)
@click.argument("shell", type=click.Choice(SHELLS))
def command(shell: str) -> None:
    """Print the shell completion script for SHELL."""
    from ops.__main__ import root  # noqa: PLC0415 - the root imports its commands

    kind = get_completion_class(shell)
    if kind is None:  # pragma: no cover - Click carries all three
        raise click.UsageError(f"Click cannot complete {shell}.")
    click.echo(kind(root, {}, "ops", "_OPS_COMPLETE").source())
