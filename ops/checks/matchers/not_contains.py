"""`not_contains: [supabase_not_configured]`: the answer's text holds none of these."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.checks.matchers.contains import problem
from ops.checks.matchers.observation import Verdict, shortened

if TYPE_CHECKING:
    from ops.checks.matchers.observation import Observation

__all__ = ["match", "problem"]


def match(expected: Any, seen: Observation) -> Verdict:
    """None of the texts occurs in the body."""
    found = [text for text in expected if text in seen.text]
    message = f"{shortened(found)} occurs"
    return Verdict("not_contains", not found, f"none of {shortened(expected)}", shortened(seen.text), message)
