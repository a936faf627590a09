"""End-to-end tests change the one cloud they share, so one of them runs at a time."""

from __future__ import annotations

import fcntl
import os
from typing import TYPE_CHECKING

import pytest

from tests.canaries.answers import overheard
from tests.canaries.planted import MARKED

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(autouse=True)
def _alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    base = tmp_path_factory.getbasetemp()
    shared = base.parent if "PYTEST_XDIST_WORKER" in os.environ else base
    with (shared / "e2e.lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


@pytest.fixture(autouse=True)
def answers(_alone: None) -> Iterator[list[tuple[str, bytes]]]:
    """What every server answered the test; none of it may hold a secret."""
    with overheard() as heard:
        yield heard
    assert MARKED.leaks(heard) == []
