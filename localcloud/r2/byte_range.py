"""Which bytes of an object a reader asked for. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Self

from localcloud.r2.errors import InvalidRangeError

# RFC 9110, section 14.1.2; several ranges at once are not served, as in R2.
_HEADER = re.compile(r"\s*bytes\s*=\s*(\d*)\s*-\s*(\d*)\s*", re.IGNORECASE | re.ASCII)


@dataclass(frozen=True)
class Span:
    """A run of bytes that the object has."""

    offset: int
    length: int


@dataclass(frozen=True)
class ByteRange:
    """What was asked for: an offset, a length, both, or the last `suffix` bytes."""

    offset: int | None = None
    length: int | None = None
    suffix: int | None = None

    @classmethod
    def of_header(cls, header: str) -> Self | None:
        """Read a `Range` header; one that cannot be served in one piece means the whole object."""
        found = _HEADER.fullmatch(header)
        if found is None:
            return None
        first, last = found.groups()
        if not first:
            return cls(suffix=int(last)) if last else None
        if not last:
            return cls(offset=int(first))
        return cls(int(first), int(last) - int(first) + 1) if int(last) >= int(first) else None

    def within(self, size: int) -> Span:
        """The bytes there are for it in an object of `size` bytes.

        Raises:
            InvalidRangeError: there are none.
        """
        offset = max(size - self.suffix, 0) if self.suffix is not None else self.offset or 0
        wanted = self.suffix if self.suffix is not None else self.length
        length = size - offset if wanted is None else min(wanted, size - offset)
        if length <= 0:
            raise InvalidRangeError
        return Span(offset, length)
