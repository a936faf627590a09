"""Examples under a command's help, printed as they were written."""

from __future__ import annotations

from typing import Any

import click


class Command(click.Command):
    """A command whose help ends with examples.

    Args:
        examples: command line → what it does.
    """

    def __init__(self, *args: Any, examples: dict[str, str], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Print the examples."""
        del ctx
        with formatter.section("Examples"):
            for line, about in self.examples.items():
                formatter.write(f"{'':2}# {about}\n{'':2}{line}\n")
