"""`contains: [text]`: the answer's text holds each of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.checks.matchers.observation import Verdict, shortened

if TYPE_CHECKING:
    from ops.checks.matchers.observation import Observation


def problem(expected: Any) -> str | None:
    """Say what is wrong with the expectation itself."""
    good = isinstance(expected, list) and expected and all(isinstance(text, str) for text in expected)
    return None if good else "must be a list of texts"


def match(expected: Any, seen: Observation) -> Verdict:
    """Each text occurs in the body."""
    missing = [text for text in expected if text not in seen.text]
    message = f"{shortened(missing)} does not occur"
    return Verdict("contains", not missing, shortened(expected), shortened(seen.text), message)
