"""`json: {ok: true}`: the answer holds at least this."""

from __future__ import annotations

from typing import Any

from ops.checks.matchers.observation import Observation, Verdict, shortened


def problem(expected: Any) -> str | None:
    """Say what is wrong with the expectation itself."""
    return (
        None if isinstance(expected, dict | list) and expected else "must be a mapping or a list, not empty"
    )


def match(expected: Any, seen: Observation) -> Verdict:
    """Every given key has the given value; lists are equal in length, item by item."""
    message = difference(expected, seen.json, "")
    return Verdict("json", message is None, shortened(expected), shortened(seen.text), message or "")


def difference(expected: Any, actual: Any, path: str) -> str | None:
    """Word the first difference, or None."""
    if isinstance(expected, dict) and isinstance(actual, dict):
        return next(
            filter(None, (_member(key, value, actual, path) for key, value in expected.items())), None
        )
    if isinstance(expected, list) and isinstance(actual, list) and len(expected) == len(actual):
        pairs = enumerate(zip(expected, actual, strict=True))
        return next(
            filter(None, (difference(want, got, _join(path, str(i))) for i, (want, got) in pairs)), None
        )
    # In Python True == 1; in JSON it is not.
    if expected == actual and isinstance(expected, bool) == isinstance(actual, bool):
        return None
    return f"{path or 'the answer'} is {shortened(actual)}, not {shortened(expected)}"


def _member(key: str, value: Any, actual: dict[str, Any], path: str) -> str | None:
    if key not in actual:
        return f"{_join(path, key)} is missing"
    return difference(value, actual[key], _join(path, key))


def _join(path: str, key: str) -> str:
    return f"{path}.{key}" if path else key
