# ruff: noqa: INP001 - smoke/ holds YAML; this file is for pytest alone
"""`pytest smoke/`: each YAML file is one test, run by the same engine as `ops smoke`.

The stack is the environment variable SMOKE_STACK, local where it is not set.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any

import pytest

from ops.checks import parse, report, run
from ops.checks.http import Client
from ops.checks.stack import ADDRESS, variables

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from ops.checks.check import Check
    from ops.checks.result import Result


def pytest_collect_file(parent: pytest.Collector, file_path: Path) -> CheckFile | None:
    """Take each YAML file as a file of tests."""
    return CheckFile.from_parent(parent, path=file_path) if file_path.suffix == ".yaml" else None


class CheckFile(pytest.File):
    """A YAML file that holds one check."""

    def collect(self) -> Iterator[CheckItem]:
        """Give its one check."""
        check = parse.parse(self.path.read_text(), f"smoke/{self.path.name}")
        yield CheckItem.from_parent(self, name=check.name, check=check)


class FailedCheckError(Exception):
    """A check that did not hold."""


class CheckItem(pytest.Item):
    """One check as a test."""

    def __init__(self, *, check: Check, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.check = check

    def runtest(self) -> None:
        """Run it against the chosen stack."""
        stack = os.environ.get("SMOKE_STACK", "local")
        if not self.check.runs_on(stack):
            pytest.skip(f"it runs on {', '.join(self.check.stacks)} alone")
        known = variables(stack, [self.check], os.environ)
        result: Result = run.run(self.check, known, Client(known[ADDRESS]))
        if not result.ok:
            raise FailedCheckError(report.detail([result]))

    def repr_failure(self, excinfo: pytest.ExceptionInfo[BaseException], style: Any = None) -> Any:
        """Show what was expected and seen, without the engine's stack."""
        if isinstance(excinfo.value, FailedCheckError):
            return str(excinfo.value)
        return super().repr_failure(excinfo, style)

    def reportinfo(self) -> tuple[Path, int, str]:
        """Name the test in pytest's reports."""
        return self.path, 0, f"smoke: {self.name}"
