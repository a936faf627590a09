"""`starts_with: !!binary iVBORw0KGgo=`: the answer begins with these bytes, a file type's signature."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from ops.checks.matchers.body import problem
from ops.checks.matchers.observation import Verdict

if TYPE_CHECKING:
    from ops.checks.matchers.observation import Observation

__all__ = ["match", "problem"]


def match(expected: Any, seen: Observation) -> Verdict:
    """The first bytes are these."""
    wanted = expected.encode() if isinstance(expected, str) else expected
    head = seen.body[: len(wanted)]
    return Verdict("starts_with", head == wanted, repr(wanted), repr(head), "the body begins otherwise")
