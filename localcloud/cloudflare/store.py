"""The emulator's state: JSON records in one SQLite file, changed in transactions that nobody sees half of.

A record has a kind ("worker"), a scope it is listed in (its account, zone or worker), an id, and a name that
is unique within kind and scope. A new resource needs no table of its own.
"""

from __future__ import annotations

import json
import sqlite3
from contextlib import closing, contextmanager
from typing import TYPE_CHECKING, Any

from localcloud import sqlite
from localcloud.errors import LocalCloudError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

SCHEMA = """
CREATE TABLE record (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT,
  kind TEXT NOT NULL,
  scope TEXT NOT NULL,
  id TEXT NOT NULL,
  name TEXT,
  body TEXT NOT NULL,
  UNIQUE (kind, id),
  UNIQUE (kind, scope, name)
) STRICT;
PRAGMA user_version = 1;
"""
VERSION = 1

Body = dict[str, Any]


class StateError(LocalCloudError):
    """The state file cannot be used."""


class DuplicateError(Exception):
    """A record of this kind and scope holds the name."""


class Records:
    """What one connection sees; changes are its transaction's."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def add(self, kind: str, scope: str, body: Body, name: str | None = None) -> None:
        """Store a new record under `body["id"]`.

        Raises:
            DuplicateError: the name is taken.
        """
        row = (kind, scope, body["id"], name, json.dumps(body))
        self._write("INSERT INTO record (kind, scope, id, name, body) VALUES (?, ?, ?, ?, ?)", row)

    def save(self, kind: str, body: Body, name: str | None = None) -> None:
        """Replace the record of `body["id"]`.

        Raises:
            DuplicateError: the new name is taken.
        """
        self._write(
            "UPDATE record SET body = ?, name = ? WHERE kind = ? AND id = ?",
            (json.dumps(body), name, kind, body["id"]),
        )

    def get(self, kind: str, identifier: str) -> Body | None:
        """Find by id."""
        return self._one("SELECT body FROM record WHERE kind = ? AND id = ?", (kind, identifier))

    def named(self, kind: str, scope: str, name: str) -> Body | None:
        """Find by name."""
        return self._one(
            "SELECT body FROM record WHERE kind = ? AND scope = ? AND name = ?", (kind, scope, name)
        )

    def listed(self, kind: str, scope: str) -> list[Body]:
        """Everything of a kind in a scope, oldest first."""
        return self._all(
            "SELECT body FROM record WHERE kind = ? AND scope = ? ORDER BY sequence", (kind, scope)
        )

    def every(self, kind: str) -> list[Body]:
        """Everything of a kind, oldest first."""
        return self._all("SELECT body FROM record WHERE kind = ? ORDER BY sequence", (kind,))

    def newest(self, kind: str, scope: str) -> Body | None:
        """The last one that was added to a scope."""
        return self._one(
            "SELECT body FROM record WHERE kind = ? AND scope = ? ORDER BY sequence DESC LIMIT 1",
            (kind, scope),
        )

    def remove(self, kind: str, identifier: str) -> None:
        """Forget one record."""
        self._connection.execute("DELETE FROM record WHERE kind = ? AND id = ?", (kind, identifier))

    def remove_within(self, kind: str, scope: str) -> None:
        """Forget everything of a kind in a scope."""
        self._connection.execute("DELETE FROM record WHERE kind = ? AND scope = ?", (kind, scope))

    def _write(self, statement: str, values: tuple[object, ...]) -> None:
        try:
            self._connection.execute(statement, values)
        except sqlite3.IntegrityError as error:
            raise DuplicateError(str(error)) from error

    def _one(self, query: str, values: tuple[object, ...]) -> Body | None:
        row = self._connection.execute(query, values).fetchone()
        return None if row is None else _body(row)

    def _all(self, query: str, values: tuple[object, ...]) -> list[Body]:
        return [_body(row) for row in self._connection.execute(query, values)]


class Store:
    """The state file, opened: one connection that reads what is committed, one that writes."""

    def __init__(self, path: Path) -> None:
        """Open the file, making it where there is none.

        Raises:
            StateError: the file is damaged, half-written, or not this emulator's.
        """
        self._reader = _open(path)
        self._writer = _open(path)
        self.committed = Records(self._reader)
        self._pending: Records | None = None

    @property
    def newest(self) -> Records:
        """What the edge is to serve: the open transaction where there is one, else what is committed."""
        return self._pending or self.committed

    @contextmanager
    def writing(self) -> Iterator[Records]:
        """One transaction; it is committed when the block ends, undone when it raises.

        Raises:
            sqlite3.OperationalError: another process has been writing for 5 seconds.
        """
        self._writer.execute("BEGIN IMMEDIATE")
        self._pending = Records(self._writer)
        try:
            yield self._pending
        except BaseException:
            self._writer.execute("ROLLBACK")
            raise
        else:
            self._writer.execute("COMMIT")
        finally:
            self._pending = None

    def close(self) -> None:
        """Give the file back."""
        self._reader.close()
        self._writer.close()


def _body(row: tuple[str]) -> Body:
    body: Body = json.loads(row[0])
    return body


def _open(path: Path) -> sqlite3.Connection:
    try:
        if not path.exists():
            sqlite.create(path, SCHEMA)
        return _connect(path)
    except (sqlite3.Error, OSError) as error:
        raise StateError(
            f"{path} cannot be used: {error}.",
            "The local Cloudflare account's workers, routes and deployments cannot be read; "
            "nothing was changed.",
            "Move the file aside to keep it, or run `ops local reset` to start afresh; then run `make up`.",
        ) from error


def _connect(path: Path) -> sqlite3.Connection:
    with closing(
        sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True, timeout=sqlite.BUSY_SECONDS)
    ) as looking:
        sqlite.check(looking, VERSION)  # without the right to write: a damaged file stays as it was found
    # The server's event loop is the only one to call, though not always from the thread that opened the file.
    connection = sqlite.connect(path)
    # kill -9 loses nothing; a power cut may lose the last change.
    connection.execute("PRAGMA synchronous = NORMAL")
    return connection
