from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

import psutil
import pytest

from localcloud import journal
from localcloud.pidfile import PidFile
from localcloud.runpod import worker

if TYPE_CHECKING:
    from pathlib import Path


def test_a_program_whose_parent_is_gone_does_not_start(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("print('ran')")
    not_the_parent = "1"
    ended = subprocess.run(
        [sys.executable, str(worker.TETHER), not_the_parent, str(program)], capture_output=True, check=False
    )
    assert (ended.returncode, ended.stdout) == (1, b"")


def test_what_a_killed_stand_in_left_is_ended_at_the_next_start(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    left = subprocess.Popen(["sleep", "60"], start_new_session=True)
    PidFile(tmp_path, worker.PIDFILE).write(psutil.Process(left.pid))
    worker.reap(tmp_path)
    assert left.wait(5) == -9
    assert not PidFile(tmp_path, worker.PIDFILE).was_started()


def test_a_process_that_got_the_old_id_is_not_touched(tmp_path: Path) -> None:
    (tmp_path / "run").mkdir()
    stranger = subprocess.Popen(["sleep", "60"], start_new_session=True)
    note = PidFile(tmp_path, worker.PIDFILE)
    note.path.write_text(f'{{"pid": {stranger.pid}, "started": {time.time() - 3600}}}')
    worker.reap(tmp_path)
    assert stranger.poll() is None
    stranger.kill()
    stranger.wait(5)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("PUT http://h/media/a?expires=1&signature=ab failed", "PUT http://h/media/a?… failed"),
        ('{"url": "https://h/x?token=ab"}', '{"url": "https://h/x?…"}'),
        ("what now? nothing", "what now? nothing"),
    ],
)
def test_an_address_is_logged_without_its_query(text: str, shown: str) -> None:
    assert journal.without_queries(text) == shown


def test_a_line_of_the_sdk_is_taken_apart() -> None:
    line = '{"requestId": "j", "message": "Started.", "level": "INFO"}'
    assert worker._parsed(line) == {"message": "Started.", "id": "j", "level": "INFO"}
    assert worker._parsed("plain") == {"message": "plain"}
