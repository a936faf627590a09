"""`size: ${size}`: the answer has this many bytes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.checks.matchers.observation import Verdict

if TYPE_CHECKING:
    from ops.checks.matchers.observation import Observation


def problem(expected: Any) -> str | None:
    """Say what is wrong with the expectation itself."""
    return None if type(expected) is int or isinstance(expected, str) else "must be a number or ${NAME}"


def match(expected: Any, seen: Observation) -> Verdict:
    """The length of the body is this."""
    actual = str(len(seen.body))
    return Verdict(
        "size", actual == str(expected), f"{expected} bytes", f"{actual} bytes", "the size is another"
    )
