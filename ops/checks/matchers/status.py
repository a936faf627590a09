"""`status: 200` or `status: [200, 201]`."""

from __future__ import annotations

from typing import Any

from ops.checks.matchers.observation import Observation, Verdict


def problem(expected: Any) -> str | None:
    """Say what is wrong with the expectation itself."""
    codes = expected if isinstance(expected, list) else [expected]
    return (
        None
        if codes and all(type(code) is int for code in codes)
        else "must be a number or a list of numbers"
    )


def match(expected: Any, seen: Observation) -> Verdict:
    """The status code is the expected one, or one of them."""
    codes = expected if isinstance(expected, list) else [expected]
    wanted = " or ".join(map(str, codes))
    return Verdict("status", seen.status in codes, wanted, str(seen.status), "the status code is another")
