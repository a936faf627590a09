"""Keyset cursors: the place after one row, newest first, opaque to the client."""

from __future__ import annotations

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol, TypeVar

from api.domain import ids

# As PostgreSQL writes a time into JSON; Python reads notations, such as weeks, that PostgreSQL does not.
_TIME = re.compile(r"[0-9-]{10}T[0-9:]{8}(\.[0-9]{1,6})?(Z|[+-](0[0-9]|1[0-5]):[0-5][0-9])", re.ASCII)


class InvalidCursorError(ValueError):
    """The cursor was not made by this API."""


@dataclass(frozen=True)
class Cursor:
    """The last row of a page: the next page starts after it."""

    created_at: str
    id: str

    def encode(self) -> str:
        """Give the cursor as one URL-safe word."""
        return urlsafe_b64encode(f"{self.created_at} {self.id}".encode()).decode().rstrip("=")


class Row(Protocol):
    """What lists are made of."""

    @property
    def id(self) -> str:
        """A UUID."""

    @property
    def created_at(self) -> str:
        """ISO 8601."""


R = TypeVar("R", bound=Row)


def cut(rows: list[R], limit: int) -> tuple[list[R], Cursor | None]:
    """Make a page of `limit` rows, where one more was asked for to see whether another page follows."""
    if len(rows) <= limit:
        return rows, None
    last = rows[limit - 1]
    return rows[:limit], Cursor(last.created_at, last.id)


def decode(text: str) -> Cursor:
    """Read a cursor back.

    Raises:
        InvalidCursorError: anything but what `encode` made.
    """
    try:
        raw = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode("ascii")
        created_at, _, job_id = raw.partition(" ")
        if not _TIME.fullmatch(created_at):
            raise InvalidCursorError("the cursor's time is none of the database's")
        datetime.fromisoformat(created_at)
    except (binascii.Error, UnicodeError, ValueError) as error:
        raise InvalidCursorError("not a cursor of this API") from error
    cursor = Cursor(created_at, job_id)
    if not ids.is_uuid(job_id) or cursor.encode() != text:
        raise InvalidCursorError("not a cursor of this API")
    return cursor
