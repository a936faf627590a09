"""What an answer can be held against: one matcher a file, listed here by its key in the YAML."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from ops.checks.matchers import (
    body,
    contains,
    header,
    json_absent,
    json_equal,
    json_matches,
    json_subset,
    not_contains,
    size,
    starts_with,
    status,
    within_seconds,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.checks.matchers.observation import Observation, Verdict


@dataclass(frozen=True)
class Expectation:
    """One key of `expect`."""

    matcher: str
    expected: Any


class Matcher(Protocol):
    """What each matcher's module offers."""

    def problem(self, expected: Any) -> str | None:
        """Say what is wrong with the expectation."""

    def match(self, expected: Any, seen: Observation) -> Verdict:
        """Hold an answer against the expectation."""


MATCHERS: Mapping[str, Matcher] = {
    "status": status,
    "json": json_subset,
    "json_equal": json_equal,
    "json_matches": json_matches,
    "json_absent": json_absent,
    "header": header,
    "body": body,
    "starts_with": starts_with,
    "size": size,
    "contains": contains,
    "not_contains": not_contains,
    "within_seconds": within_seconds,
}
