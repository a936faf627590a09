"""`json_equal: {ok: false, error: unauthorized}`: the answer is exactly this."""

from __future__ import annotations

from typing import Any

from ops.checks.matchers.json_subset import difference, problem
from ops.checks.matchers.observation import Observation, Verdict, shortened

__all__ = ["match", "problem"]


def match(expected: Any, seen: Observation) -> Verdict:
    """The answer and the expectation hold each other."""
    message = difference(expected, seen.json, "") or difference(seen.json, expected, "")
    return Verdict("json_equal", message is None, shortened(expected), shortened(seen.text), message or "")
