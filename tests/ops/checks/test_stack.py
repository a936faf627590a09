from __future__ import annotations

import pytest

from ops.checks.check import Check
from ops.checks.stack import variables
from ops.errors import WrongUsageError

CHECKS = [Check("a", "", ("WEBHOOK_SECRET",), ()), Check("b", "", ("APP_ADMIN_TOKEN", "WEBHOOK_SECRET"), ())]


def test_what_is_missing_for_prod_is_all_named_at_once() -> None:
    with pytest.raises(WrongUsageError) as caught:
        variables("prod", CHECKS, {"APP_ADMIN_TOKEN": "t"})
    assert caught.value.happened == "API_URL, WEBHOOK_SECRET are not in the environment."
    assert caught.value.remedy == "Set API_URL=… and WEBHOOK_SECRET=…, then run the same command."


def test_only_what_the_checks_need_is_taken() -> None:
    environ = {"API_URL": "https://x", "APP_ADMIN_TOKEN": "t", "WEBHOOK_SECRET": "w", "HOME": "/"}
    assert variables("prod", CHECKS[:1], environ) == {"API_URL": "https://x", "WEBHOOK_SECRET": "w"}
