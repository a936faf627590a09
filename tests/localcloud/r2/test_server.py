"""The process: who may ask, what it says of nonsense, what it survives."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

from localcloud import config
from tests.localcloud.r2.local_r2 import BUCKET, CHECKOUT, R2Process, blobs, refusal, write_settings

if TYPE_CHECKING:
    from pathlib import Path

MIB = 1024 * 1024


def _run(state: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, config.STATE_DIR_VARIABLE: str(state)}
    command = [sys.executable, "-m", "localcloud.r2"]
    return subprocess.run(
        command, cwd=CHECKOUT, env=environment, capture_output=True, text=True, timeout=60, check=False
    )


def _begin_upload(r2: R2Process, key: str) -> socket.socket:
    """Send half of an upload's bytes."""
    metadata = json.dumps({"version": 1, "method": "put", "object": key}).encode()
    lines = {
        "host": "fake-host",
        **r2.headers,
        "cf-r2-metadata-size": str(len(metadata)),
        "content-length": str(len(metadata) + 2 * MIB),
    }
    head = "PUT / HTTP/1.1\r\n" + "".join(f"{name}: {value}\r\n" for name, value in lines.items()) + "\r\n"
    connection = socket.create_connection(("127.0.0.1", r2.settings.ports.r2))
    connection.sendall(head.encode() + metadata + b"x" * MIB)
    return connection


def _files(r2: R2Process) -> list[str]:
    return blobs(r2.settings.data("r2"))


def _await_files(r2: R2Process, count: int) -> None:
    deadline = time.monotonic() + 10
    while len(_files(r2)) != count:
        assert time.monotonic() < deadline, _files(r2)
        time.sleep(0.01)


def _lines(r2: R2Process, **fields: Any) -> list[dict[str, Any]]:
    """Give the log lines with these fields; the first may follow its answer a moment later."""
    deadline = time.monotonic() + 10
    while True:
        text = r2.log.read_text()
        lines = [json.loads(line) for line in text.splitlines(keepends=True) if line.endswith("\n")]
        found = [line for line in lines if all(line.get(name) == value for name, value in fields.items())]
        if found:
            return found
        assert time.monotonic() < deadline, text
        time.sleep(0.01)


def test_a_damaged_database_ends_the_process_with_3_and_what_to_do(tmp_path: Path) -> None:
    database = write_settings(tmp_path).data("r2") / "metadata.db"
    database.parent.mkdir(parents=True)
    database.write_bytes(b"rubbish" * 1000)
    ended = _run(tmp_path)
    assert (ended.returncode, ended.stdout) == (3, "")
    assert ended.stderr == (
        f"{database} cannot be used: file is not a database. Which files the local R2 buckets hold is not "
        "known; their bytes are still there and nothing was changed. Move the folder aside to keep it, or "
        "run `ops local reset` to start afresh; then run `make up`.\n"
    )


def test_without_settings_the_process_ends_with_2(tmp_path: Path) -> None:
    ended = _run(tmp_path)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert "Run `make up`." in ended.stderr


def test_a_second_process_on_the_same_folder_ends_with_3(r2: R2Process) -> None:
    ended = _run(r2.settings.state_dir)
    assert ended.returncode == 3
    assert "Another process serves" in ended.stderr


@pytest.mark.parametrize("authorization", ["", "Bearer wrong", "Basic x", "Bearer é"])
def test_a_stranger_is_refused(r2: R2Process, authorization: str) -> None:
    request = {"method": "head", "object": "k"}
    header = authorization.encode("latin-1")
    answer = httpx.get(
        r2.url, headers={b"authorization": header, b"cf-r2-request": json.dumps(request).encode()}
    )
    assert refusal(answer) == (401, 10002)
    assert refusal(r2.put({"method": "put", "object": "k"}, b"x", authorization="no")) == (401, 10002)


def test_a_bucket_that_does_not_exist_is_named_so(r2: R2Process) -> None:
    assert refusal(r2.ask({"method": "head", "object": "k"}, **{"x-r2-bucket": "none"})) == (404, 10006)


@pytest.mark.parametrize(
    "request_",
    [
        {"method": "put", "object": "k"},
        {"method": "delete", "object": "k"},
        {"method": "get"},
        {"method": "get", "object": 1},
        {"method": "get", "object": "k", "range": {"offset": "x"}},
        {"method": "createBucket", "bucket": "b"},
        {"method": ["get"]},
        {},
    ],
)
def test_nonsense_to_a_read_is_refused(r2: R2Process, request_: dict[str, Any]) -> None:
    assert refusal(r2.ask(request_)) == (400, 10029)


@pytest.mark.parametrize("size", ["", "-1", "x", "99999999999", "4000"])
def test_a_write_whose_metadata_size_is_wrong_is_refused(r2: R2Process, size: str) -> None:
    answer = r2.put({"method": "put", "object": "size"}, b"x", **{"cf-r2-metadata-size": size})
    assert refusal(answer) == (400, 10029)
    assert refusal(r2.ask({"method": "head", "object": "size"})) == (404, 10007)


def test_an_object_whose_file_is_lost_is_an_internal_error_with_a_log_line(own_r2: R2Process) -> None:
    own_r2.put({"method": "put", "object": "lost"}, b"x")
    (name,) = _files(own_r2)
    (own_r2.settings.data("r2") / "blobs" / name).unlink()
    assert refusal(own_r2.ask({"method": "get", "object": "lost"})) == (500, 10001)
    (line,) = _lines(own_r2, operation="get", status=500)
    assert line["error"].startswith("FileNotFoundError")
    assert httpx.get(f"{own_r2.url}/_local/health").json() == {"ok": True}


def test_a_caller_that_leaves_in_the_middle_of_an_upload_leaves_nothing(own_r2: R2Process) -> None:
    connection = _begin_upload(own_r2, "left")
    _await_files(own_r2, 1)
    connection.close()
    _await_files(own_r2, 0)
    assert refusal(own_r2.ask({"method": "head", "object": "left"})) == (404, 10007)
    assert "the caller left" in _lines(own_r2, operation="put")[0]["error"]


def test_a_killed_process_comes_back_with_all_it_acknowledged_and_without_half_an_upload(
    own_r2: R2Process,
) -> None:
    own_r2.put({"method": "put", "object": "kept"}, b"safe")
    with _begin_upload(own_r2, "kept"):
        _await_files(own_r2, 2)
        own_r2.kill()
    own_r2.start()
    got = own_r2.ask({"method": "get", "object": "kept"})
    assert got.content[int(got.headers["cf-r2-metadata-size"]) :] == b"safe"
    assert len(_files(own_r2)) == 1


def test_the_process_ends_soon_though_an_upload_is_open_and_sweeps_it_at_the_next_start(
    own_r2: R2Process,
) -> None:
    with _begin_upload(own_r2, "open"):
        _await_files(own_r2, 1)
        own_r2.process.send_signal(signal.SIGTERM)
        own_r2.process.wait(10)  # three seconds of grace, and what a busy machine adds
    own_r2.start()
    assert _files(own_r2) == []


def test_a_request_makes_one_log_line_that_holds_no_key_and_no_token(own_r2: R2Process) -> None:
    own_r2.put({"method": "put", "object": "private-key"}, b"private-bytes")
    (line,) = _lines(own_r2, operation="put")
    assert (line["bucket"], line["status"]) == (BUCKET, 200)
    text = own_r2.log.read_text()
    for secret in ("private", own_r2.settings.secrets.control):
        assert secret not in text


def test_the_process_rests_below_60_megabytes(own_r2: R2Process) -> None:
    assert own_r2.memory() < 60 * MIB
