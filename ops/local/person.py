"""The options that say whose token or account a command is about."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Callable


def email_option(about: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--email`, which must be given."""
    return click.option("--email", required=True, help=f"{about} The user is created where needed.")


def issuer_option(about: str) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Add `--issuer`."""
    kind = click.Choice(["supabase", "clerk"])
    return click.option("--issuer", type=kind, default="supabase", show_default=True, help=about)
