"""SQLite files that hold a process's state: made whole, checked before they are used."""

from __future__ import annotations

import sqlite3
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

BUSY_SECONDS = 5.0


def create(path: Path, schema: str) -> None:
    """Make the file whole under another name first: one that is empty is then always a damaged one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".db.new")
    draft.unlink(missing_ok=True)
    connection = sqlite3.connect(draft)
    connection.executescript(schema)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.close()
    draft.chmod(0o600)
    draft.replace(path)


def connect(path: Path) -> sqlite3.Connection:
    """Open the file for any thread; transactions are begun in so many words.

    A statement raises `sqlite3.OperationalError` when another process has been writing for 5 seconds.
    """
    return sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False)


def check(connection: sqlite3.Connection, version: int) -> None:
    """Look whether the file is whole, and in this release's format.

    Raises:
        sqlite3.DatabaseError: it is not.
    """
    (health,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if health != "ok":
        raise sqlite3.DatabaseError(health)
    (found,) = connection.execute("PRAGMA user_version").fetchone()
    if found != version:
        raise sqlite3.DatabaseError(f"its format is {found}, this release knows {version}")
