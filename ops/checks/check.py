"""What a check is: steps that each make a request, expect an answer and keep values for later steps."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Mapping

    from ops.checks.matchers import Expectation


@dataclass(frozen=True)
class Request:
    """An HTTP request; every text may hold `${NAME}`.

    Attributes:
        body: text or bytes as they are sent; `json` instead sends a document with its content type.
    """

    method: str
    path: str
    headers: Mapping[str, str]
    body: str | bytes | None = None
    json: Any = None


@dataclass(frozen=True)
class Eventually:
    """Repeat a request until its expectations hold.

    Attributes:
        within: seconds after which to give up.
        every: seconds between two tries.
        unless: a JSON subset that ends the wait early: what is hoped for can no longer come.
    """

    within: float
    every: float
    unless: Mapping[str, Any] | None = None


@dataclass(frozen=True)
class Step:
    """One request of a check.

    Attributes:
        capture: variable → path in the answer's JSON, such as `output.files.0.key`.
    """

    name: str
    request: Request
    expectations: tuple[Expectation, ...]
    capture: Mapping[str, str] = field(default_factory=dict)
    eventually: Eventually | None = None


@dataclass(frozen=True)
class Check:
    """A sequence of steps that shows one criterion; checks are independent of each other.

    Attributes:
        secrets: environment variables that it needs and that no output may show.
        stacks: where it can run; none: on every stack.
    """

    name: str
    about: str
    secrets: tuple[str, ...]
    steps: tuple[Step, ...]
    stacks: tuple[str, ...] = ()

    def runs_on(self, stack: str) -> bool:
        """Whether it can run against a stack."""
        return not self.stacks or stack in self.stacks
