from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import jwt
import pytest

from localcloud import config
from ops.checks.check import Check
from ops.checks.stack import variables
from ops.errors import DependencyDownError, WrongUsageError
from tests.localcloud.postgres import shared

if TYPE_CHECKING:
    from pathlib import Path

CHECKS = [Check("a", "", ("WEBHOOK_SECRET",), ()), Check("b", "", ("APP_ADMIN_TOKEN", "WEBHOOK_SECRET"), ())]


def test_what_is_missing_for_prod_is_all_named_at_once() -> None:
    with pytest.raises(WrongUsageError) as caught:
        variables("prod", CHECKS, {"APP_ADMIN_TOKEN": "t"})
    assert caught.value.happened == "API_URL, WEBHOOK_SECRET are not in the environment."
    assert caught.value.remedy == "Set API_URL=… and WEBHOOK_SECRET=…, then run the same command."


def test_only_what_the_checks_need_is_taken() -> None:
    environ = {"API_URL": "https://x", "APP_ADMIN_TOKEN": "t", "WEBHOOK_SECRET": "w", "HOME": "/"}
    assert variables("prod", CHECKS[:1], environ) == {"API_URL": "https://x", "WEBHOOK_SECRET": "w"}


def test_a_users_token_is_made_where_a_check_wants_one_and_the_cloud_is_local(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    ports = replace(config.DEFAULT_PORTS, supabase=1)
    config.save(config.Config(tmp_path, ports, config.Secrets()))
    monkeypatch.setenv(config.STATE_DIR_VARIABLE, str(tmp_path))
    assert "USER_TOKEN" not in variables("local", CHECKS, {})
    with pytest.raises(DependencyDownError, match="stand-in does not answer"):
        variables("local", [Check("c", "", ("USER_TOKEN",), ())], {})


def test_the_token_is_that_of_a_user(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    cloud = shared.serving(request.config)
    monkeypatch.setenv(config.STATE_DIR_VARIABLE, str(cloud.state))
    token = variables("local", [Check("c", "", ("USER_TOKEN",), ())], {})["USER_TOKEN"]
    assert jwt.decode(token, options={"verify_signature": False})["role"] == "authenticated"


@pytest.mark.parametrize(("stacks", "runs"), [((), True), (("staging",), True), (("local", "prod"), False)])
def test_a_check_runs_where_it_says_and_else_everywhere(stacks: tuple[str, ...], runs: bool) -> None:  # noqa: FBT001 - a column
    assert Check("c", "", (), (), stacks).runs_on("staging") is runs
