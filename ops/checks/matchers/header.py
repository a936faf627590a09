"""`header: {content-type: image/png}`: these headers have these values."""

from __future__ import annotations

from typing import Any

from ops.checks.matchers.observation import Observation, Verdict, shortened


def problem(expected: Any) -> str | None:
    """Say what is wrong with the expectation itself."""
    good = (
        isinstance(expected, dict) and expected and all(isinstance(value, str) for value in expected.values())
    )
    return None if good else "must be a mapping of header names to texts"


def match(expected: Any, seen: Observation) -> Verdict:
    """Names compare without case; a value's parameters after `;` count only when they are expected."""
    wrong = {
        name: seen.headers.get(name.lower())
        for name, value in expected.items()
        if not _has(seen, name, value)
    }
    message = "; ".join(f"{name} is {value or 'absent'}" for name, value in wrong.items())
    return Verdict("header", not wrong, shortened(expected), shortened(dict(seen.headers)), message)


def _has(seen: Observation, name: str, value: str) -> bool:
    actual = seen.headers.get(name.lower())
    return actual is not None and value in {actual, actual.partition(";")[0].strip()}
