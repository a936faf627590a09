"""A store in a folder of its own; an r2 process; workerd bound to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from localcloud.r2.store import Store
from tests.localcloud.r2.local_r2 import BUCKET, R2Process, Workerd

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with one empty bucket."""
    store = Store(tmp_path / "r2")
    store.create_bucket(BUCKET)
    yield store
    store.close()


@pytest.fixture(scope="session")
def r2(tmp_path_factory: pytest.TempPathFactory) -> Iterator[R2Process]:
    """A process that tests share: each keeps to keys of its own."""
    process = R2Process(tmp_path_factory.mktemp("r2"))
    yield process
    process.close()


@pytest.fixture
def own_r2(tmp_path: Path) -> Iterator[R2Process]:
    """A process that the test may kill."""
    process = R2Process(tmp_path)
    yield process
    process.close()


@pytest.fixture(scope="session")
def workerd(tmp_path_factory: pytest.TempPathFactory, r2: R2Process) -> Iterator[Workerd]:
    """The real runtime; tests share it."""
    runtime = Workerd(tmp_path_factory.mktemp("workerd"), r2)
    yield runtime
    runtime.stop()
