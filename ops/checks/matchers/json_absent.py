"""`json_absent: [error]`: these paths lead nowhere."""

from __future__ import annotations

from typing import Any

from ops.checks.matchers.observation import NotJson, Observation, Verdict, shortened
from ops.checks.matchers.pointer import ABSENT, find


def problem(expected: Any) -> str | None:
    """Say what is wrong with the expectation itself."""
    is_list = isinstance(expected, list) and expected
    return None if is_list and all(isinstance(path, str) for path in expected) else "must be a list of paths"


def match(expected: Any, seen: Observation) -> Verdict:
    """The answer is JSON and has none of the paths."""
    found = [path for path in expected if find(seen.json, path) is not ABSENT]
    ok = not found and not isinstance(seen.json, NotJson)
    message = f"{', '.join(found)} should not be there" if found else "the answer is not JSON"
    return Verdict("json_absent", ok, f"no {', '.join(expected)}", shortened(seen.text), message)
