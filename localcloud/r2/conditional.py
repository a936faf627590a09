"""`onlyIf`: whether an operation may go ahead on what is stored now. Pure.

Source: https://developers.cloudflare.com/r2/api/workers/workers-api-reference/#conditional-operations and
RFC 9110, section 13.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from localcloud.r2.stored import StoredObject


@dataclass(frozen=True)
class Etag:
    """One entity tag of a condition."""

    kind: Literal["strong", "weak", "wildcard"]
    value: str = ""


@dataclass(frozen=True)
class Conditional:
    """What must hold; a field that is absent always does.

    Attributes:
        uploaded_before: milliseconds since 1970, as is `uploaded_after`.
        seconds: compare times cut to whole seconds, as HTTP dates are.
    """

    etag_matches: tuple[Etag, ...] = ()
    etag_does_not_match: tuple[Etag, ...] = ()
    uploaded_before: int | None = None
    uploaded_after: int | None = None
    seconds: bool = False

    def holds(self, stored: StoredObject | None) -> bool:
        """Answer for the object that is stored now, or for none."""
        if stored is None:
            return not self.etag_matches and self.uploaded_after is None
        matches = any(_equal(etag, stored.etag) and etag.kind != "weak" for etag in self.etag_matches)
        differs = not any(_equal(etag, stored.etag) for etag in self.etag_does_not_match)
        if (self.etag_matches and not matches) or not differs:
            return False
        # An etag that was given and passed outweighs its date: RFC 9110, section 13.2.2.
        return (bool(self.etag_matches) or self._is_before(stored)) and (
            bool(self.etag_does_not_match) or self._is_after(stored)
        )

    def _is_before(self, stored: StoredObject) -> bool:
        return self.uploaded_before is None or self._cut(stored.uploaded) < self._cut(self.uploaded_before)

    def _is_after(self, stored: StoredObject) -> bool:
        return self.uploaded_after is None or self._cut(self.uploaded_after) < self._cut(stored.uploaded)

    def _cut(self, milliseconds: int) -> int:
        return milliseconds // 1000 if self.seconds else milliseconds


def _equal(etag: Etag, value: str) -> bool:
    return etag.kind == "wildcard" or etag.value == value
