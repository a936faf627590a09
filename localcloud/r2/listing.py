"""A page of a bucket's objects, in the order of their keys' UTF-8 bytes."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from localcloud.r2.errors import InvalidMaxKeysError, InvalidRequestError
from localcloud.r2.record import COLUMNS, stored_of

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Iterator

    from localcloud.r2.record import Row
    from localcloud.r2.stored import StoredObject

MOST = 1000  # https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#r2listoptions
# workerd refuses an answer over 1 MiB (src/workerd/api/r2-rpc.c++); R2 as well ends such a page early.
PAGE_BYTES = 768 * 1024
ENTRY_BYTES = 512  # what stands around an object's own texts, at most
_QUERY = f"SELECT {COLUMNS} FROM object WHERE bucket = ? AND key >= ? AND key < ? ORDER BY key LIMIT ?"  # noqa: S608 - a constant
_BEYOND = b"\xff"  # sorts after any UTF-8


@dataclass(frozen=True)
class Listing:
    """What is asked for.

    Attributes:
        cursor: of the page before.
        http_metadata: whether objects carry theirs, as for `custom_metadata`.
    """

    prefix: str = ""
    delimiter: str = ""
    cursor: str | None = None
    start_after: str | None = None
    limit: int = MOST
    http_metadata: bool = True
    custom_metadata: bool = True

    def check(self) -> None:
        """See that the limit is one.

        Raises:
            InvalidMaxKeysError: it is not from 1 to 1,000.
        """
        if not 1 <= self.limit <= MOST:
            raise InvalidMaxKeysError


@dataclass(frozen=True)
class Page:
    """What there is.

    Attributes:
        prefixes: the beginnings, up to the delimiter, of the keys that were left out for it.
        cursor: where the next page begins; none on the last page.
    """

    objects: tuple[StoredObject, ...]
    prefixes: tuple[str, ...]
    cursor: str | None


def page(connection: sqlite3.Connection, bucket: str, listing: Listing) -> Page:
    """Read one page.

    Raises:
        InvalidMaxKeysError: the limit is not from 1 to 1,000.
        InvalidRequestError: the cursor is none of ours.
    """
    listing.check()
    objects: list[StoredObject] = []
    prefixes: list[str] = []
    weight, position = 0, _start(listing)
    for entry, following in _entries(connection, bucket, listing, position):
        weight += _weight(entry)
        full = len(objects) + len(prefixes) == listing.limit
        if full or (weight > PAGE_BYTES and objects):
            return Page(tuple(objects), tuple(prefixes), base64.urlsafe_b64encode(position).decode())
        prefixes.append(entry) if isinstance(entry, str) else objects.append(entry)
        position = following
    return Page(tuple(objects), tuple(prefixes), None)


def _entries(
    connection: sqlite3.Connection, bucket: str, listing: Listing, position: bytes
) -> Iterator[tuple[StoredObject | str, bytes]]:
    """Every object or common prefix from a position on, with the position after it."""
    prefix, delimiter = listing.prefix.encode(), listing.delimiter.encode()
    end = _after_prefix(prefix)
    while rows := connection.execute(_QUERY, (bucket, position, end, listing.limit + 1)).fetchall():
        for row in rows:
            key: bytes = row[0]
            if key < position:  # its common prefix was given already
                continue
            cut = key.find(delimiter, len(prefix)) if delimiter else -1
            if cut < 0:
                position = key + b"\0"
                yield _object(row, listing), position
            else:
                common = key[: cut + len(delimiter)]
                position = _after_prefix(common)
                yield common.decode(), position


def _start(listing: Listing) -> bytes:
    after = b"" if listing.start_after is None else listing.start_after.encode() + b"\0"
    return max(listing.prefix.encode(), after, _position(listing.cursor or ""))


def _position(cursor: str) -> bytes:
    try:
        return base64.b64decode(cursor, b"-_", validate=True)
    except (binascii.Error, ValueError):
        raise InvalidRequestError("The cursor you specified is not valid.") from None


def _after_prefix(prefix: bytes) -> bytes:
    """The least bytes that sort after all that begins with a prefix; no byte of UTF-8 is the highest."""
    return prefix[:-1] + bytes([prefix[-1] + 1]) if prefix else _BEYOND


def _object(row: Row, listing: Listing) -> StoredObject:
    stored = stored_of(row)
    if not listing.http_metadata:
        stored = replace(stored, http_metadata={})
    return stored if listing.custom_metadata else replace(stored, custom_metadata={})


def _weight(entry: StoredObject | str) -> int:
    if isinstance(entry, str):
        return len(json.dumps(entry))
    return ENTRY_BYTES + sum(
        len(json.dumps(part)) for part in (entry.key, dict(entry.http_metadata), dict(entry.custom_metadata))
    )
