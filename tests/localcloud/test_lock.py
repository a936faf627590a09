from __future__ import annotations

import subprocess
import sys
import time
from typing import TYPE_CHECKING

from localcloud import lock

if TYPE_CHECKING:
    from pathlib import Path

HOLDER = """
import sys, time
from pathlib import Path
from localcloud import lock
with lock.held(Path(sys.argv[1]), "ops local up", print):
    print("held", flush=True)
    time.sleep(float(sys.argv[2]))
"""


def hold(state: Path, seconds: float) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLDER, str(state), str(seconds)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_command_says_who_holds_the_cloud_and_waits(tmp_path: Path) -> None:
    holder = hold(tmp_path, 0.7)
    waited: list[str] = []
    began = time.monotonic()
    with lock.held(tmp_path, "ops local down", waited.append):
        seconds = time.monotonic() - began
    holder.wait()
    assert seconds > 0.4
    assert len(waited) == 1
    assert waited[0].startswith(f"`ops local up` (process {holder.pid}, since ")


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    holder = hold(tmp_path, 60)
    holder.kill()
    holder.wait()
    waited: list[str] = []
    with lock.held(tmp_path, "ops local up", waited.append):
        pass
    assert waited == []
