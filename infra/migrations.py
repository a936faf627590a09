"""The schema's migrations: files named as the Supabase CLI names them."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

_FILE = re.compile(r"(\d{14})_([a-z0-9_]+)\.sql")


class MigrationError(Exception):
    """The folder of migrations cannot be applied; the message says which file and what to do."""


@dataclass(frozen=True)
class Migration:
    """One file. Its version orders it; its checksum tells whether it was edited after it was applied."""

    version: str
    name: str
    sha256: str


def collect(folder: Path) -> tuple[Migration, ...]:
    """Every migration of a folder, oldest first.

    Raises:
        MigrationError: a file is not named `<14 digits>_<name>.sql`, or two have one version.
    """
    found = tuple(_read(path) for path in sorted(folder.glob("*.sql")))
    versions = [migration.version for migration in found]
    for version in versions:
        if versions.count(version) > 1:
            raise MigrationError(
                f"Two migrations have the version {version}: the CLI would apply one of them and take the "
                "other for done. Rename the newer one."
            )
    return found


def _read(path: Path) -> Migration:
    match = _FILE.fullmatch(path.name)
    if match is None:
        raise MigrationError(
            f"{path.name} is not named like a migration: the Supabase CLI would pass over it in silence. "
            "Name it <14 digits>_<name>.sql, as `supabase migration new` does."
        )
    return Migration(match[1], match[2], hashlib.sha256(path.read_bytes()).hexdigest())


def rewritten(applied: Iterable[Migration], files: Iterable[Migration]) -> list[str]:
    """Each migration that was edited or removed after it was applied, in words."""
    present = {migration.version: migration for migration in files}
    problems = []
    for old in applied:
        new = present.get(old.version)
        if new is None:
            problems.append(f"{old.version}_{old.name}.sql was applied, and is gone")
        elif new.sha256 != old.sha256:
            problems.append(f"{old.version}_{old.name}.sql was edited after it was applied")
    return problems
