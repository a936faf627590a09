"""What came of running checks, as data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from ops.checks.matchers.observation import Verdict

UNREACHABLE = "unreachable"


@dataclass(frozen=True)
class Failure:
    """Why a check failed.

    Attributes:
        kind: expectation, unreachable, or capture.
        verdicts: the matchers that said no.
    """

    step: str
    request: str
    kind: str
    message: str
    verdicts: tuple[Verdict, ...] = ()

    def lines(self) -> list[str]:
        """Word the failure for a person."""
        words = [f"step: {self.step}", f"request: {self.request}", *([self.message] if self.message else [])]
        for verdict in self.verdicts:
            words.append(f"{verdict.matcher}: {verdict.message}")
            words.append(f"  expected: {verdict.expected}")
            words.append(f"  actual:   {verdict.actual}")
        return words


@dataclass(frozen=True)
class Result:
    """One check's outcome."""

    name: str
    about: str
    seconds: float
    steps: int
    failure: Failure | None = None

    @property
    def ok(self) -> bool:
        """Whether every step held."""
        return self.failure is None

    def document(self) -> dict[str, Any]:
        """Give the outcome to a machine."""
        document: dict[str, Any] = {
            "name": self.name,
            "ok": self.ok,
            "seconds": self.seconds,
            "about": self.about,
        }
        if self.failure:
            document["failure"] = {
                "step": self.failure.step,
                "request": self.failure.request,
                "kind": self.failure.kind,
                "message": self.failure.message,
                "verdicts": [vars(verdict) for verdict in self.failure.verdicts],
            }
        return document
