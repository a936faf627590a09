"""A cloud of its own for each test that stops or breaks it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.localcloud.postgres.throwaway import Cloud

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def cloud() -> Iterator[Cloud]:
    own = Cloud()
    yield own
    own.end()
