"""`ops local token`."""

from __future__ import annotations

import click

from localcloud import config
from ops.example import Command
from ops.local.person import email_option, issuer_option
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
@email_option("Whose token.")
@issuer_option("Who signs it.")
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
    from localcloud.supabase.tokens import mint  # noqa: PLC0415 - help needs none of it
    from ops.local.stand_in import answering  # noqa: PLC0415

    with answering(means="No token was made.", remedy="Give an address such as ada@example.com"):
        token = mint(config.load(), email, issuer, expires_in)
    if current().json:
        print_json({"token": token, "email": email, "issuer": issuer, "expires_in": expires_in})
    else:
        click.echo(token)
