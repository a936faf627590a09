"""`body: Hello World` or `body: !!binary …`: the answer's bytes are these."""

from __future__ import annotations

from typing import Any

from ops.checks.matchers.observation import Observation, Verdict, shortened


def problem(expected: Any) -> str | None:
    """Say what is wrong with the expectation itself."""
    return None if isinstance(expected, str | bytes) else "must be text or !!binary"


def match(expected: Any, seen: Observation) -> Verdict:
    """The body is the same, byte by byte."""
    wanted = expected.encode() if isinstance(expected, str) else expected
    return Verdict(
        "body", seen.body == wanted, _shown(wanted), _shown(seen.body), _message(wanted, seen.body)
    )


def _shown(body: bytes) -> str:
    return f"{len(body)} bytes: {shortened(repr(body))}"


def _message(wanted: bytes, body: bytes) -> str:
    same = next(
        (i for i, (a, b) in enumerate(zip(wanted, body, strict=False)) if a != b), min(len(wanted), len(body))
    )
    return f"the bytes differ from offset {same} on"
