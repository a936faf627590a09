"""`ops local`: the whole platform on this machine."""

from __future__ import annotations

import click

from ops.lazy import LazyGroup


@click.group(
    cls=LazyGroup,
    lazy={
        "up": ("ops.local.up", "Start the local cloud, provision the local stack, run the smoke checks."),
        "down": ("ops.local.down", "Stop every process of the local cloud; its data stays."),
        "status": ("ops.local.status", "Show each process: running or dead, port, memory, log."),
        "logs": ("ops.local.logs", "Show or follow the processes' logs."),
        "env": ("ops.local.env", "Print the shell exports that point any client at the local cloud."),
        "token": ("ops.local.token", "Print a user's JWT; the user is created where needed."),
        "user": (
            "ops.local.user",
            "Show a user's id, credits and plan, or set them; the user is created where needed.",
        ),
        "reset": ("ops.local.reset", "Stop the local cloud and delete its data and settings."),
    },
)
def command() -> None:
    """Run the whole platform on this machine, with no account."""
