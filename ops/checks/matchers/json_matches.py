"""`json_matches: {job_id: "[0-9a-f-]{36}"}`: the values at these paths match these expressions, whole."""

from __future__ import annotations

import json
import re
from typing import Any

from ops.checks.matchers.observation import Observation, Verdict, shortened
from ops.checks.matchers.pointer import ABSENT, find


def problem(expected: Any) -> str | None:
    """Say what is wrong with the expectation itself."""
    if not isinstance(expected, dict) or not expected:
        return "must be a mapping of paths to regular expressions"
    for pattern in expected.values():
        try:
            re.compile(pattern)
        except (re.error, TypeError) as error:
            return f"holds what is no regular expression ({error})"
    return None


def match(expected: Any, seen: Observation) -> Verdict:
    """Each path leads to a value whose text matches; null never does."""
    wrong = [path for path, pattern in expected.items() if not _matches(pattern, find(seen.json, path))]
    message = "; ".join(f"{path} is {_shown(find(seen.json, path))}" for path in wrong)
    return Verdict("json_matches", not wrong, shortened(expected), shortened(seen.text), message)


def _matches(pattern: str, value: Any) -> bool:
    if value is ABSENT or value is None:
        return False
    text = value if isinstance(value, str) else json.dumps(value)
    return re.fullmatch(pattern, text) is not None


def _shown(value: Any) -> str:
    return "absent" if value is ABSENT else shortened(value)
