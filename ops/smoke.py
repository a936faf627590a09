"""`ops smoke`."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

import click

from ops.checks.stack import STACKS
from ops.errors import DependencyDownError, OpsError, WrongUsageError
from ops.example import Command
from ops.session import current, json_option, print_json

if TYPE_CHECKING:
    from ops.checks.check import Check
    from ops.checks.result import Result


@click.command(
    cls=Command,
    examples={
        "ops smoke --stack local": "the local cloud, with its own secrets",
        "ops smoke --stack local --only jobs": "one check",
        "API_URL=https://api.alphogen.com APP_ADMIN_TOKEN=… WEBHOOK_SECRET=… ops smoke --stack prod": "prod",
    },
)
@click.option("--stack", type=click.Choice(STACKS), required=True, help="Which stack to check.")
@click.option("--only", multiple=True, metavar="NAME", help="Run only this check; may be repeated.")
@json_option
def command(stack: str, only: tuple[str, ...]) -> int:
    """Check a running stack against its success criteria.

    For staging and prod the address and the secrets come from the environment:
    API_URL, APP_ADMIN_TOKEN, WEBHOOK_SECRET.
    """
    from ops.checks import report  # noqa: PLC0415 - help needs no HTTP client

    results = []
    for result in results_of(stack, only):
        results.append(result)
        if not current().json:
            click.echo(report.line(result))
    failed = [result for result in results if not result.ok]
    if current().json:
        print_json(report.document(stack, results))
        return failure(failed).exit_code if failed else 0
    if failed:
        raise failure(failed)
    click.echo(f"{len(results)} checks passed.")
    return 0


def results_of(stack: str, only: tuple[str, ...] = ()) -> list[Result]:
    """Run the checks of `smoke/` against a stack."""
    from ops.checks import parse, run  # noqa: PLC0415 - help needs no HTTP client
    from ops.checks import stack as stacks  # noqa: PLC0415
    from ops.checks.http import Client  # noqa: PLC0415

    checks = _chosen([check for check in parse.load(stacks.FOLDER) if check.runs_on(stack)], only)
    variables = stacks.variables(stack, checks, os.environ)
    return list(run.run_all(checks, variables, lambda: Client(variables[stacks.ADDRESS])))


def _chosen(checks: list[Check], only: tuple[str, ...]) -> list[Check]:
    names = [check.name for check in checks]
    unknown = [name for name in only if name not in names]
    if unknown:
        raise WrongUsageError(
            f"There is no check {', '.join(unknown)} for this stack.",
            "Nothing was sent.",
            f"The checks are: {', '.join(names)}.",
        )
    return [check for check in checks if not only or check.name in only]


def failure(failed: list[Result]) -> OpsError:
    """Word what failed checks mean."""
    from ops.checks import report  # noqa: PLC0415
    from ops.checks.result import UNREACHABLE  # noqa: PLC0415

    detail = report.detail(failed)
    names = ", ".join(result.name for result in failed)
    if any(result.failure and result.failure.kind == UNREACHABLE for result in failed):
        return DependencyDownError(
            f"The API gave no answer to: {names}.",
            "The stack is down or its address is wrong.",
            "Locally: `ops local status`, then `ops local up`. Elsewhere: check API_URL.",
            detail,
        )
    return OpsError(
        f"{len(failed)} failed: {names}.",
        "The stack does not do what it promises.",
        "Compare expected and actual above; locally `ops local logs edge` shows the requests.",
        detail,
    )
