from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from dataclasses import replace
from typing import TYPE_CHECKING

import httpx
import pytest

from localcloud import config
from localcloud.config import Config, Secrets
from tests.worker.real_workerd import free_port

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

BOOT_SECONDS = 60


@pytest.fixture
def log(tmp_path: Path) -> Path:
    return tmp_path / "aws.log"


@pytest.fixture
def url(tmp_path: Path, log: Path) -> Iterator[str]:
    port = free_port()
    config.save(Config(tmp_path, replace(config.DEFAULT_PORTS, aws=port), Secrets()))
    environment = {**os.environ, config.STATE_DIR_VARIABLE: str(tmp_path)}
    with log.open("w") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "localcloud.aws"], env=environment, stdout=file, stderr=subprocess.STDOUT
        )
    _await_boot(f"http://127.0.0.1:{port}/moto-api/", process)
    yield f"http://127.0.0.1:{port}"
    process.terminate()
    assert process.wait(10) == 0


def _await_boot(url: str, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + BOOT_SECONDS
    while time.monotonic() < deadline and process.poll() is None:
        try:
            httpx.get(url)
        except httpx.TransportError:
            time.sleep(0.2)
        else:
            return
    raise AssertionError("moto did not start")


def test_a_request_leaves_one_line_without_what_signs_its_address(url: str, log: Path) -> None:
    httpx.get(f"{url}/bucket/a%20key?X-Amz-Signature=canary&X-Amz-Expires=60")
    text = log.read_text()
    assert "canary" not in text
    line = json.loads(text.splitlines()[-1])
    assert (line["event"], line["method"], line["path"], line["status"]) == (
        "request",
        "GET",
        "/bucket/a%20key",
        404,
    )
