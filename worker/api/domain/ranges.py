"""Conditional and partial reads: `Range`, `If-None-Match`, `If-Range` (RFC 9110, sections 13 and 14)."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ONE_RANGE = re.compile(r"bytes=[ \t]*([0-9]{0,18})-([0-9]{0,18})[ \t]*", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True)
class Range:
    """A range as asked: from `start` to `end` inclusive, or, without a start, the last `end` bytes."""

    start: int | None
    end: int | None

    @property
    def header(self) -> str:
        """The header that asks for it."""
        return f"bytes={'' if self.start is None else self.start}-{'' if self.end is None else self.end}"

    def within(self, size: int) -> tuple[int, int] | None:
        """Give (offset, length) inside a file of `size` bytes, or None where no byte of it is asked."""
        if self.start is None:
            length = min(self.end or 0, size)
            return (size - length, length) if length else None
        if self.start >= size:
            return None
        last = size - 1 if self.end is None else min(self.end, size - 1)
        return (self.start, last - self.start + 1)


def parse(header: str | None) -> Range | None:
    """Read a `Range` header; None means serve the whole file.

    A malformed range or several at once are ignored, as the RFC allows, not refused.
    """
    match = _ONE_RANGE.fullmatch(header) if header else None
    if match is None or match.groups() == ("", ""):
        return None
    start, end = (int(text) if text else None for text in match.groups())
    if start is not None and end is not None and end < start:
        return None
    return Range(start, end)


def none_match(header: str, etag: str) -> bool:
    """Tell whether an `If-None-Match` header names the file's current ETag (weak comparison)."""
    if header.strip() == "*":
        return True
    current = etag.removeprefix("W/")
    return any(tag.strip().removeprefix("W/") == current for tag in header.split(","))
