"""`ops local token`."""

from __future__ import annotations

import click

from localcloud import config
from ops.errors import DependencyDownError
from ops.example import Command
from ops.session import current, json_option, print_json

HOUR_SECONDS = 3600


@click.command(
    cls=Command,
    examples={
        "ops local token --email ada@example.com": "a Supabase user's token for one hour",
        "ops local token --email ada@example.com --issuer clerk --expires-in 60": "a Clerk user's",
        'curl -H "Authorization: Bearer $(ops local token --email ada@example.com)" $API_URL/me': "use it",
    },
)
@click.option("--email", required=True, help="Whose token. The user is created where needed.")
@click.option(
    "--issuer",
    type=click.Choice(["supabase", "clerk"]),
    default="supabase",
    show_default=True,
    help="Who signs it.",
)
@click.option(
    "--expires-in",
    type=int,
    default=HOUR_SECONDS,
    show_default=True,
    help="Seconds until it expires; negative for one that has expired.",
)
@json_option
def command(email: str, issuer: str, expires_in: int) -> None:
    """Print a user's JWT; the user is created where needed."""
    from localcloud.supabase.tokens import mint  # noqa: PLC0415 - it imports the signing library

    try:
        token = mint(config.load(), email, issuer, expires_in)
    except OSError as error:
        raise DependencyDownError(
            f"The Supabase stand-in does not answer ({error}).",
            "Without it no user can be looked up or created.",
            "Run `ops local status` to see what is down, and `ops local up` to repair it.",
        ) from error
    if current().json:
        print_json({"token": token, "email": email, "issuer": issuer, "expires_in": expires_in})
    else:
        click.echo(token)
