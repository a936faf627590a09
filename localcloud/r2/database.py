"""The SQLite file that says which buckets and objects there are; any number of processes may have it open."""

from __future__ import annotations

import fcntl
import sqlite3
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

from localcloud import sqlite
from localcloud.r2.errors import StateError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# Keys are bytes: R2 orders them by their UTF-8, and they may hold NUL, which ends a text in SQL functions.
SCHEMA = """
CREATE TABLE bucket (name TEXT PRIMARY KEY, created INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE object (
  bucket TEXT NOT NULL REFERENCES bucket (name),
  key BLOB NOT NULL,
  version TEXT NOT NULL UNIQUE,
  size INTEGER NOT NULL,
  etag TEXT NOT NULL,
  uploaded INTEGER NOT NULL,
  http_metadata TEXT NOT NULL,
  custom_metadata TEXT NOT NULL,
  checksums TEXT NOT NULL,
  PRIMARY KEY (bucket, key)
) STRICT, WITHOUT ROWID;
PRAGMA user_version = 1;
"""
VERSION = 1


class Database:
    """One connection; threads take turns."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it where there is none.

        Raises:
            StateError: it is damaged, or another release's.
        """
        self._turn = threading.Lock()
        self._connection = _open(path)

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """What is committed."""
        with self._turn:
            yield self._connection

    @contextmanager
    def writing(self) -> Iterator[sqlite3.Connection]:
        """One transaction; it is committed when the block ends, undone when it raises.

        Raises:
            sqlite3.OperationalError: another process has been writing for 5 seconds.
        """
        with self._turn:
            self._connection.execute("BEGIN IMMEDIATE")
            try:
                yield self._connection
                self._connection.execute("COMMIT")
            except BaseException:
                if self._connection.in_transaction:  # SQLite itself undoes what a full disk broke
                    self._connection.execute("ROLLBACK")
                raise

    def close(self) -> None:
        """Give the file back."""
        with self._turn:
            self._connection.close()


def _open(path: Path) -> sqlite3.Connection:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with (path.parent / "create.lock").open("a") as turn:
            fcntl.flock(turn, fcntl.LOCK_EX)  # the emulator and the server start at the same time
            if not path.exists():
                sqlite.create(path, SCHEMA)
            return _connect(path)
    except (sqlite3.Error, OSError) as error:
        raise StateError(
            f"{path} cannot be used: {error}.",
            "Which files the local R2 buckets hold is not known; their bytes are still there and nothing was "
            "changed.",
            "Move the folder aside to keep it, or run `ops local reset` to start afresh; then run `make up`.",
        ) from error


def _connect(path: Path) -> sqlite3.Connection:
    connection = sqlite.connect(path)
    try:
        sqlite.check(connection, VERSION)
        # A replaced object's bytes go right after the commit: a power cut must not bring its record back.
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
    except BaseException:
        connection.close()
        raise
    return connection
