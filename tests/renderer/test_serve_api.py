"""RunPod's own local server runs the handler, as `--rp_serve_api` promises."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
import requests

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.renderer.conftest import Shelf

HANDLER = Path(__file__).resolve().parents[2] / "renderer" / "handler.py"
START_SECONDS = 60


@pytest.fixture
def server(tmp_path: Path) -> Iterator[str]:
    with closing(socket.create_server(("127.0.0.1", 0))) as holder:
        port = holder.getsockname()[1]
    command = [sys.executable, str(HANDLER), "--rp_serve_api", "--rp_api_host", "127.0.0.1"]
    environment = {**os.environ, "HOME": str(tmp_path), "RUNPOD_SKIP_GPU_CHECK": "true"}
    process = subprocess.Popen(
        [*command, "--rp_api_port", str(port)],
        cwd=tmp_path,
        env={**environment, "RUNPOD_SKIP_AUTO_SYSTEM_CHECKS": "true"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    deadline = time.monotonic() + START_SECONDS
    try:
        while not _answers(url):
            assert process.poll() is None
            assert time.monotonic() < deadline
            time.sleep(0.2)
        yield url
    finally:
        process.kill()
        process.wait()


def _answers(url: str) -> bool:
    try:
        return requests.get(f"{url}/docs", timeout=5).ok
    except requests.RequestException:
        return False


def test_a_picture_is_drawn(server: str, shelf: Shelf) -> None:
    upload = {"key": "0.png", "url": shelf.url("0.png"), "content_type": "image/png"}
    wish = {"kind": "image", "prompt": "a fox", "size": "64x48", "num_images": 1, "uploads": [upload]}
    told = requests.post(f"{server}/runsync", json={"input": wish}, timeout=60).json()
    assert told["status"] == "COMPLETED"
    assert [file["key"] for file in told["output"]["files"]] == ["0.png"]
    assert shelf.stored["0.png"].startswith(b"\x89PNG")


def test_a_wish_that_cannot_be_drawn_fails_with_the_field(server: str) -> None:
    told = requests.post(f"{server}/runsync", json={"input": {"prompt": ""}}, timeout=60).json()
    assert told["status"] == "FAILED"
    assert "prompt" in told["error"]
