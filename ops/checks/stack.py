"""Where a stack's address and secrets come from."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from ops.errors import WrongUsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from localcloud.config import Config
    from ops.checks.check import Check

FOLDER = Path(__file__).resolve().parent.parent.parent / "smoke"
STACKS = ("local", "staging", "prod")
ADDRESS = "API_URL"
USER_TOKEN = "USER_TOKEN"  # noqa: S105 - a name, not a token
USER = "smoke@example.com"
TOKEN_SECONDS = 600  # longer than any check may take


def variables(stack: str, checks: Iterable[Check], environ: Mapping[str, str]) -> dict[str, str]:
    """Find what the checks need: for local in the local cloud's settings, else in the environment.

    Raises:
        WrongUsageError: something is missing; all of it is named.
    """
    needed = [ADDRESS, *sorted({secret for check in checks for secret in check.secrets})]
    source = _local(needed) if stack == "local" else environ
    missing = [name for name in needed if not source.get(name)]
    if missing:
        raise WrongUsageError(
            f"{', '.join(missing)} {'is' if len(missing) == 1 else 'are'} not in the environment.",
            f"The stack {stack} cannot be checked without; nothing was sent.",
            f"Set {' and '.join(f'{name}=…' for name in missing)}, then run the same command.",
        )
    return {name: source[name] for name in needed}


def _local(needed: Sequence[str]) -> Mapping[str, str]:
    from localcloud import config, environment  # noqa: PLC0415 - staging and prod need none of it

    cloud = config.load()
    return {**environment.exports(cloud), **(_user(cloud) if USER_TOKEN in needed else {})}


def _user(cloud: Config) -> dict[str, str]:
    from localcloud.supabase.tokens import mint  # noqa: PLC0415 - staging and prod need none of it
    from ops.local.stand_in import answering  # noqa: PLC0415

    with answering(means="Nothing was sent.", remedy="Run `ops local up`"):
        return {USER_TOKEN: mint(cloud, USER, "supabase", TOKEN_SECONDS)}
