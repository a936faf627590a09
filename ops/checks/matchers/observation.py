"""What came back from a request, and what a matcher thinks of it."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True)
class Observation:
    """An HTTP answer; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float

    @cached_property
    def text(self) -> str:
        """The body as text."""
        return self.body.decode(errors="replace")

    @cached_property
    def json(self) -> Any:
        """The body as JSON, or `NotJson`."""
        try:
            return json.loads(self.body)
        except ValueError:
            return NotJson()


class NotJson:
    """Stands for a body that is not JSON."""

    def __repr__(self) -> str:
        return "not JSON"


@dataclass(frozen=True)
class Verdict:
    """A matcher's opinion, as data: a report words it."""

    matcher: str
    ok: bool
    expected: str
    actual: str
    message: str


SHOWN_CHARACTERS = 600


def shortened(value: object) -> str:
    """Show a value as text of bounded length."""
    text = value if isinstance(value, str) else json.dumps(value, default=repr, ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARACTERS else f"{text[:SHOWN_CHARACTERS]}… ({len(text)} characters)"
