from __future__ import annotations

import os
import subprocess
import sys
import time
from typing import TYPE_CHECKING

import pytest

from provision import command
from provision.command import SetupError, run
from tests.tools.checkout import ENOUGH_SECONDS, TOOLS

if TYPE_CHECKING:
    from pathlib import Path

PLAIN = {"PATH": os.environ["PATH"]}
STOPPED = """
import sys, threading
from pathlib import Path
from provision import command

def first():
    try:
        command.run(["sh", "-c", "echo begun; sleep 30"], {}, Path(), 60, lambda line: begun.set())
    except command.StoppedError:
        print("stopped", flush=True)

begun = threading.Event()
thread = threading.Thread(target=first)
thread.start()
begun.wait()
command.end_all()
thread.join()
try:
    command.run(["sh", "-c", "echo second >&2"], {}, Path(), 60)
except command.StoppedError:
    print("not begun")
"""


def shell(text: str, folder: Path, seconds: float = ENOUGH_SECONDS, **variables: str) -> str:
    return run(["/bin/sh", "-c", text], {**PLAIN, **variables}, folder, seconds)


def test_what_a_command_prints_is_given_and_told_as_it_comes(tmp_path: Path) -> None:
    heard: list[str] = []
    said = run(
        ["/bin/sh", "-c", "echo one; echo two >&2; pwd"], PLAIN, tmp_path, ENOUGH_SECONDS, heard.append
    )
    assert heard == ["one", "two", str(tmp_path.resolve())]
    assert said.splitlines() == heard


def test_a_failure_shows_the_command_its_exit_code_and_its_last_lines(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as failure:
        shell("i=0; while [ $i -lt 40 ]; do echo line $i; i=$((i + 1)); done; exit 3", tmp_path)
    lines = str(failure.value).splitlines()
    assert lines[0].startswith("`/bin/sh -c i=0;")
    assert lines[0].endswith("…` ended with exit code 3.")
    assert lines[1:-1] == [f"    line {number}" for number in range(25, 40)]
    assert lines[-1] == (
        "  What was already installed is kept: run the same command again once the cause is mended."
    )


def test_a_failure_shows_no_secret_of_the_environment(tmp_path: Path) -> None:
    secrets = {
        "NPM_TOKEN": "canary-one-of-many",
        "aws_secret_access_key": "canary/two+of==many",
        "DATABASE_PASSWORD": "canary-three",
        "UV_INDEX_URL": "https://canary-four:canary-five@index.example/simple",
        "PLAIN": "kept as it is",
    }
    with pytest.raises(SetupError) as failure:
        run(["/bin/sh", "-c", "env; exit 1"], {**PLAIN, **secrets}, tmp_path, ENOUGH_SECONDS)
    said = str(failure.value)
    assert "canary" not in said
    assert "NPM_TOKEN=***" in said
    assert "UV_INDEX_URL=https://***@index.example/simple" in said
    assert "PLAIN=kept as it is" in said


def test_a_failure_that_prints_nothing_shows_nothing_of_the_environment(tmp_path: Path) -> None:
    with pytest.raises(SetupError) as failure:
        shell("exit 1", tmp_path, TOKEN="canary-token", HARMLESS="canary-harmless")
    assert "canary" not in str(failure.value)


def test_a_short_value_is_not_hidden_wherever_it_stands(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match="file 1 of 10"):
        shell("echo file 1 of 10; exit 1", tmp_path, USE_TOKEN="1")


def test_a_missing_program_is_named(tmp_path: Path) -> None:
    with pytest.raises(SetupError, match=r"^npm cannot be run: .*No such file"):
        run([tmp_path / "npm", "ci"], PLAIN, tmp_path, 1)


def test_bytes_that_are_no_text_do_not_matter(tmp_path: Path) -> None:
    assert shell(r"printf 'a\377b\n'", tmp_path) == "a\ufffdb"


def test_nothing_can_be_asked_of_the_person(tmp_path: Path) -> None:
    assert shell("read answer || echo no answer", tmp_path) == "no answer"


@pytest.mark.parametrize(
    "text", ["sleep 30", "sleep 30 & wait", "trap '' TERM; while :; do sleep 0.05; done"]
)
def test_what_takes_too_long_is_ended(tmp_path: Path, text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(command, "GRACE_SECONDS", 0.1)
    began = time.monotonic()
    with pytest.raises(SetupError, match="did not end within 0 s"):
        shell(text, tmp_path, seconds=0.2)
    assert time.monotonic() - began < 20


def test_what_a_command_leaves_running_with_its_output_is_not_waited_for(tmp_path: Path) -> None:
    began = time.monotonic()
    assert shell("sleep 30 & echo done", tmp_path, seconds=0.3) == "done"
    assert time.monotonic() - began < 20


def test_after_the_end_of_all_nothing_begins(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-S", "-c", STOPPED],
        cwd=tmp_path,
        env={"PYTHONPATH": str(TOOLS), **PLAIN},
        capture_output=True,
        text=True,
        timeout=ENOUGH_SECONDS,
        check=True,
    )
    assert (done.stdout, done.stderr) == ("stopped\nnot begun\n", "")
