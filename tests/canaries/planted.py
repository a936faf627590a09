"""A local cloud whose secrets are canaries: each holds the same mark, by which any piece of it is known."""

from __future__ import annotations

import secrets
from dataclasses import asdict, fields
from typing import TYPE_CHECKING

from localcloud import config as files
from localcloud import environment
from localcloud.config import Config, Secrets
from stacks.settings import WORKER_SECRETS
from tests.canaries.notations import Search

if TYPE_CHECKING:
    from pathlib import Path

MARK = "plantedCanary"
# Each is written differently in addresses, JSON, HTML and shells than in the clear.
SPECIAL = '+/="\\&<%20'
PLAIN = frozenset({"postgres_password"})  # a part of DATABASE_URL, which takes it as it is
# Of what the stacks keep as secrets, these are none by themselves.
NOT_SECRET = {
    "RUNPOD_ENDPOINT_ID": "a part of RunPod's addresses",
    "SUPABASE_URL": "an address",
    "S3_ACCESS_KEY_ID": "stands in every signed address, as SigV4 wants it",
}
MARKED = Search({"a planted secret": MARK})


def canary(name: str, special: str = "") -> str:
    """Make a secret that no other run has."""
    return f"{MARK}-{name}-{secrets.token_hex(12)}{special}"


def plant(state: Path, special: str = "") -> Config:
    """Write the settings of a local cloud that was never started.

    Args:
        state: its folder.
        special: characters with which the secrets end.
    """
    values = {one.name: canary(one.name, "" if one.name in PLAIN else special) for one in fields(Secrets)}
    config = Config(state, files.DEFAULT_PORTS, Secrets(**values))
    files.save(config)
    return config


def bindings(config: Config, special: str = "") -> dict[str, str]:
    """Give what is bound to the worker as a secret; what the local cloud leaves out is planted too."""
    exports = environment.exports(config)
    missing = {
        name: f"no-secret-{name}" if name in NOT_SECRET else canary(name, special) for name in WORKER_SECRETS
    }
    return missing | {name: exports[name] for name in WORKER_SECRETS if name in exports}


def secrets_of(config: Config, bound: dict[str, str] | None = None) -> dict[str, str]:
    """Give every secret of a local cloud by its name, whole, and the mark for pieces of them."""
    bound = bindings(config) if bound is None else bound
    by_name = {name: value for name, value in bound.items() if name not in NOT_SECRET}
    return {**asdict(config.secrets), **by_name, "a piece of a planted secret": MARK}
