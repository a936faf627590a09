from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.conftest import Cloud


def test_every_smoke_check_passes(cloud: Cloud) -> None:
    done = cloud.ops("smoke", "--stack", "local", "--json")
    document = json.loads(done.stdout)
    assert document["ok"], json.dumps(document, indent=2)
    assert done.returncode == 0


def test_pytest_runs_the_same_checks(cloud: Cloud) -> None:
    command = [
        sys.executable,
        "-m",
        "pytest",
        "smoke",
        "-q",
        "-p",
        "no:cacheprovider",
        "-k",
        "health or refusal",
    ]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=cloud.env, timeout=60)
    assert "2 passed" in done.stdout, done.stdout


def test_no_secret_is_in_the_output_of_a_failing_check(cloud: Cloud) -> None:
    wrong = {"APP_ADMIN_TOKEN": "planted-token-0123456789", "WEBHOOK_SECRET": "planted-secret-0123456789"}
    command = [sys.executable, "-m", "ops", "smoke", "--stack", "prod"]
    done = subprocess.run(
        command, check=False, capture_output=True, text=True, env={**cloud.env, **wrong}, timeout=120
    )
    assert done.returncode == 1
    assert "expected" in done.stderr
    assert not [value for value in wrong.values() if value in done.stdout + done.stderr]


def test_a_stack_that_does_not_answer_is_told_apart(cloud: Cloud) -> None:
    command = [sys.executable, "-m", "ops", "smoke", "--stack", "staging", "--only", "health"]
    nowhere = {**cloud.env, "API_URL": "http://127.0.0.1:9"}
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=nowhere, timeout=60)
    assert done.returncode == 3
    assert "gave no answer" in done.stderr


@pytest.mark.parametrize("stack", ["staging", "prod"])
def test_without_an_address_nothing_is_sent(cloud: Cloud, stack: str) -> None:
    bare = {name: value for name, value in cloud.env.items() if name not in {"API_URL", "APP_ADMIN_TOKEN"}}
    command = [sys.executable, "-m", "ops", "smoke", "--stack", stack]
    done = subprocess.run(command, check=False, capture_output=True, text=True, env=bare, timeout=60)
    assert done.returncode == 2
    assert "API_URL, APP_ADMIN_TOKEN are not in the environment." in done.stderr
