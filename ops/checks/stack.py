"""Where a stack's address and secrets come from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import WrongUsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from ops.checks.check import Check

FOLDER = Path(__file__).resolve().parent.parent.parent / "smoke"
ADDRESS = "API_URL"


def variables(stack: str, checks: Iterable[Check], environ: Mapping[str, str]) -> dict[str, str]:
    """Find what the checks need: for local in the local cloud's settings, else in the environment.

    Raises:
        WrongUsageError: something is missing; all of it is named.
    """
    source = _local() if stack == "local" else environ
    needed = [ADDRESS, *sorted({secret for check in checks for secret in check.secrets})]
    missing = [name for name in needed if not source.get(name)]
    if missing:
        raise WrongUsageError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not in the environment.",
            f"The stack {stack} cannot be checked without; nothing was sent.",
            f"Set {' and '.join(f'{name}=…' for name in missing)}, then run the same command.",
        )
    return {name: source[name] for name in needed}


def _local() -> Mapping[str, str]:
    from localcloud import config, environment  # noqa: PLC0415 - staging and prod need none of it

    return environment.exports(config.load())
