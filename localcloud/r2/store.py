"""Buckets and objects on disk: metadata in SQLite, bytes in one file each.

A put writes its bytes aside, moves them into place, and only then commits the record that names them; a crash
in between leaves a file that no record names, which `sweep` removes. Multipart uploads are left out.
"""

from __future__ import annotations

import fcntl
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING, BinaryIO

from localcloud.r2.blobs import Blobs, Draft
from localcloud.r2.database import Database
from localcloud.r2.errors import (
    BucketNotEmptyError,
    NoSuchBucketError,
    NoSuchKeyError,
    PreconditionFailedError,
    StateError,
)
from localcloud.r2.listing import Listing, Page, page
from localcloud.r2.record import COLUMNS, row_of, stored_of
from localcloud.r2.stored import Description, StoredObject, key_bytes

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterable, Iterator, Sequence
    from pathlib import Path

    from localcloud.r2.conditional import Conditional

__all__ = ["BucketNotEmptyError", "Store"]

_FIND = f"SELECT {COLUMNS} FROM object WHERE bucket = ? AND key = ?"  # noqa: S608 - a constant
_PUT = f"INSERT OR REPLACE INTO object (bucket, {COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)"  # noqa: S608 - a constant
_DELETE = "DELETE FROM object WHERE bucket = ? AND key = ? RETURNING version"


class Store:
    """One folder; any number of processes may open it, one of them serves it."""

    def __init__(self, folder: Path) -> None:
        """Open the folder, making it where there is none.

        Raises:
            StateError: its database is damaged.
        """
        self._folder = folder
        self._database = Database(folder / "metadata.db")
        blobs = folder / "blobs"
        blobs.mkdir(exist_ok=True)
        self._blobs = Blobs(blobs)

    def close(self) -> None:
        """Give the database back."""
        self._database.close()

    # Buckets

    def create_bucket(self, name: str) -> None:
        """Make a bucket; one that exists stays as it is.

        What the account holds is the emulator's to say: it repeats the call after a crash.
        """
        with self._database.writing() as connection:
            connection.execute("INSERT OR IGNORE INTO bucket VALUES (?, ?)", (name, _now()))

    def delete_bucket(self, name: str) -> None:
        """Remove a bucket, if there is one.

        Raises:
            BucketNotEmptyError: it holds objects.
        """
        with self._database.writing() as connection:
            if connection.execute("SELECT 1 FROM object WHERE bucket = ? LIMIT 1", (name,)).fetchone():
                raise BucketNotEmptyError(name)
            connection.execute("DELETE FROM bucket WHERE name = ?", (name,))

    def buckets(self) -> list[str]:
        """The buckets' names, in order."""
        with self._database.reading() as connection:
            return [name for (name,) in connection.execute("SELECT name FROM bucket ORDER BY name")]

    # Objects

    def head(self, bucket: str, key: str) -> StoredObject:
        """One object without its bytes.

        Raises:
            NoSuchBucketError, NoSuchKeyError: there is none.
            InvalidObjectNameError: there cannot be one.
        """
        with self._database.reading() as connection:
            _see_bucket(connection, bucket)
            stored = _find(connection, bucket, key)
        if stored is None:
            raise NoSuchKeyError
        return stored

    def get(self, bucket: str, key: str, only_if: Conditional | None = None) -> tuple[StoredObject, BinaryIO]:
        """One object and its bytes, which stay readable whatever happens to the object.

        Raises:
            NoSuchBucketError, NoSuchKeyError: there is none.
            PreconditionFailedError: `only_if` does not hold.
        """
        while True:
            stored = self.head(bucket, key)
            if only_if and not only_if.holds(stored):
                raise PreconditionFailedError(stored)
            try:
                return stored, self._blobs.open(stored.version)
            except FileNotFoundError:
                # Replaced since it was looked up; if it was not, the file is lost.
                if self.head(bucket, key).version == stored.version:
                    raise

    def draft(self, bucket: str, key: str, description: Description) -> Draft:
        """Begin an upload: write its bytes, then `publish` or discard it.

        Raises:
            NoSuchBucketError: the bucket does not exist.
            InvalidObjectNameError, MetadataTooLargeError: a limit is broken.
        """
        key_bytes(key)
        description.check()
        with self._database.reading() as connection:
            _see_bucket(connection, bucket)
        return self._blobs.draft(description.checksums)

    def publish(
        self,
        draft: Draft,
        bucket: str,
        key: str,
        description: Description,
        only_if: Conditional | None = None,
    ) -> StoredObject:
        """Make a written draft the object; where it cannot be, the draft is discarded.

        Raises:
            BadDigestError: the bytes are not what the description says.
            PreconditionFailedError: `only_if` does not hold.
            NoSuchBucketError: the bucket was deleted meanwhile.
        """
        try:
            found = draft.checksums(description.checksums)
            draft.keep()
            stored = StoredObject(
                key,
                draft.version,
                draft.size,
                found["md5"],
                _now(),
                description.http_metadata,
                description.custom_metadata,
                found,
            )
            before = self._record(bucket, stored, only_if)
        except BaseException:
            draft.discard()
            raise
        if before:
            self._blobs.remove([before.version])
        return stored

    def _record(self, bucket: str, stored: StoredObject, only_if: Conditional | None) -> StoredObject | None:
        """Make an object the one that its key names; gives the one before."""
        with self._database.writing() as connection:
            _see_bucket(connection, bucket)
            before = _find(connection, bucket, stored.key)
            if only_if and not only_if.holds(before):
                raise PreconditionFailedError
            connection.execute(_PUT, (bucket, *row_of(stored)))
        return before

    def put(
        self,
        bucket: str,
        key: str,
        pieces: Iterable[bytes],
        description: Description | None = None,
        only_if: Conditional | None = None,
    ) -> StoredObject:
        """Store an object whole.

        Raises:
            R2Error: as `draft` and `publish` do.
        """
        description = description or Description()
        draft = self.draft(bucket, key, description)
        try:
            for piece in pieces:
                draft.write(piece)
        except BaseException:
            draft.discard()
            raise
        return self.publish(draft, bucket, key, description, only_if)

    def delete(self, bucket: str, keys: Sequence[str]) -> None:
        """Remove objects, all or none; those that are not there are no failure.

        Raises:
            NoSuchBucketError: the bucket does not exist.
            InvalidObjectNameError: a key cannot be one.
        """
        encoded = [key_bytes(key) for key in keys]
        with self._database.writing() as connection:
            _see_bucket(connection, bucket)
            rows = [connection.execute(_DELETE, (bucket, key)).fetchone() for key in encoded]
        self._blobs.remove(row[0] for row in rows if row)

    def list(self, bucket: str, listing: Listing | None = None) -> Page:
        """One page of a bucket's objects.

        Raises:
            NoSuchBucketError: the bucket does not exist.
            InvalidMaxKeysError, InvalidRequestError: the limit or the cursor cannot be.
        """
        with self._database.reading() as connection:
            _see_bucket(connection, bucket)
            return page(connection, bucket, listing or Listing())

    # Upkeep

    @contextmanager
    def serving(self) -> Iterator[int]:
        """Be the one process that writes objects; gives the number of left-over files that were swept.

        Raises:
            StateError: another process is.
        """
        with (self._folder / "serving.lock").open("a") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise StateError(
                    f"Another process serves {self._folder}.",
                    "Two at once would remove each other's unfinished uploads.",
                    "Run `ops local status` to see it; `make down` ends it.",
                ) from None
            yield self.sweep()

    def sweep(self) -> int:
        """Remove the files that no record names; only while nobody writes objects."""
        files = self._blobs.names()
        with self._database.reading() as connection:
            files -= {version for (version,) in connection.execute("SELECT version FROM object")}
        self._blobs.remove(files)
        return len(files)


def _see_bucket(connection: sqlite3.Connection, bucket: str) -> None:
    if not connection.execute("SELECT 1 FROM bucket WHERE name = ?", (bucket,)).fetchone():
        raise NoSuchBucketError


def _find(connection: sqlite3.Connection, bucket: str, key: str) -> StoredObject | None:
    row = connection.execute(_FIND, (bucket, key_bytes(key))).fetchone()
    return None if row is None else stored_of(row)


def _now() -> int:
    return time.time_ns() // 1_000_000
