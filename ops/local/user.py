"""`ops local user`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from localcloud import config
from ops.example import Command
from ops.local.person import email_option, issuer_option
from ops.session import current, is_terminal, json_option, print_json

if TYPE_CHECKING:
    from localcloud.supabase.accounts import Account, User

MOST_CREDITS = 2**31 - 1  # what the column holds


@click.command(
    cls=Command,
    examples={
        "ops local user --email ada@example.com": "what a user has; a new one begins with the starter plan",
        "ops local user --email ada@example.com --credits 500 --plan pro": "start from a known balance",
        "ops local user --email ada@example.com --issuer clerk --credits 0 --json": "a Clerk user, broke",
    },
)
@email_option("Whose account.")
@click.option(
    "--credits",
    "credits_wanted",
    type=click.IntRange(0, MOST_CREDITS),
    help="Set the balance; the ledger gets an adjustment.",
)
@click.option("--plan", help="Set the plan: starter, pro or studio.")
@issuer_option("Whose user: the same address at the other is another.")
@json_option
def command(email: str, credits_wanted: int | None, plan: str | None, issuer: str) -> None:
    """Show a user's id, credits and plan, or set them; the user is created where needed."""
    from localcloud.supabase import accounts  # noqa: PLC0415 - help needs none of it
    from ops.local.stand_in import answering  # noqa: PLC0415

    cloud = config.load()
    with answering(
        means="No user was looked up or created.", remedy="Give an address such as ada@example.com"
    ):
        user = accounts.user(cloud, email, issuer)
    with answering(means="Credits and plan are as they were.", remedy="See `ops local user --help`"):
        account = accounts.set_account(cloud, user.id, credits_wanted, plan)
    _print(user, account, issuer)


def _print(user: User, account: Account, issuer: str) -> None:
    if current().json:
        print_json({**vars(user), "issuer": issuer, **vars(account)})
        return
    row = {"id": user.id, "email": user.email, "credits": str(account.credits), "plan": account.plan}
    if is_terminal():
        _print_table(row)
    else:
        click.echo("\t".join(row) + "\n" + "\t".join(row.values()))


def _print_table(row: dict[str, str]) -> None:
    from rich.console import Console  # noqa: PLC0415 - a pipe does not need it
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table(*row, box=None, pad_edge=False)
    table.add_row(*map(Text, row.values()))
    Console().print(table)
