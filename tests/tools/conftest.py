from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from tests.tools.checkout import Machine

if TYPE_CHECKING:
    from pathlib import Path

    from tests.tools.checkout import Checkout


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


@pytest.fixture
def checkout(machine: Machine) -> Checkout:
    return machine.checkout()
