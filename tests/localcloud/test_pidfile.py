from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING

import psutil
import pytest

from localcloud.pidfile import PidFile

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def pid_file(tmp_path: Path) -> PidFile:
    (tmp_path / "run").mkdir()
    return PidFile(tmp_path, "edge")


def test_a_recorded_process_is_found_again(pid_file: PidFile) -> None:
    pid_file.write(psutil.Process())
    assert pid_file.read() == psutil.Process()


def test_a_reused_id_is_not_taken_for_ours(pid_file: PidFile) -> None:
    started = psutil.Process().create_time() - 3600
    pid_file.path.write_text(json.dumps({"pid": os.getpid(), "started": started}))
    assert pid_file.read() is None


@pytest.mark.parametrize("content", ["", "{", "[]", '{"pid": "x", "started": 1}', '{"pid": 1}', "null"])
def test_a_broken_file_is_no_process(pid_file: PidFile, content: str) -> None:
    pid_file.path.write_text(content)
    assert pid_file.read() is None
    assert pid_file.was_started()


@pytest.mark.parametrize(
    ("status", "words"),
    [
        ("0\n", "ended with exit code 0"),
        ("1\n", "ended with exit code 1"),
        ("137\n", "killed by signal 9 (SIGKILL)"),
        ("139\n", "killed by signal 11 (SIGSEGV)"),
        ("", "ended without a trace (machine restarted, or its watcher was killed)"),
    ],
)
def test_the_ending_is_told(pid_file: PidFile, status: str, words: str) -> None:
    pid_file.exit_path.write_text(status)
    assert pid_file.ending() == words


def test_a_process_that_ends_while_it_is_looked_at_is_no_process(
    pid_file: PidFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    pid_file.write(psutil.Process())

    def gone(process: psutil.Process) -> str:
        raise psutil.NoSuchProcess(process.pid)

    monkeypatch.setattr(psutil.Process, "status", gone)
    assert pid_file.read() is None
