"""`within_seconds: 2`: the whole answer arrived in that time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.checks.matchers.observation import Verdict

if TYPE_CHECKING:
    from ops.checks.matchers.observation import Observation


def problem(expected: Any) -> str | None:
    """Say what is wrong with the expectation itself."""
    return None if type(expected) in {int, float} and expected > 0 else "must be a number of seconds above 0"


def match(expected: Any, seen: Observation) -> Verdict:
    """The time from the request to the last byte is at most this."""
    ok = seen.seconds <= expected
    return Verdict("within_seconds", ok, f"{expected} s", f"{seen.seconds:.2f} s", "it took too long")
