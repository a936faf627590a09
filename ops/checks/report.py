"""Words the results of checks, for a person or a machine."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from collections.abc import Sequence

    from ops.checks.result import Result


def line(result: Result) -> str:
    """One line a check."""
    mark = click.style("✓", fg="green") if result.ok else click.style("✗", fg="red")
    return f"{mark} {result.name:<12} {result.seconds:6.2f} s  {result.about}"


def detail(failed: Sequence[Result]) -> str:
    """What each failed check expected and saw."""
    lines = []
    for result in failed:
        if result.failure:
            lines += [result.name, *(f"  {words}" for words in result.failure.lines())]
    return "\n".join(lines)


def document(stack: str, results: Sequence[Result]) -> dict[str, Any]:
    """Everything, for a machine."""
    ok = all(result.ok for result in results)
    return {"ok": ok, "stack": stack, "checks": [result.document() for result in results]}
