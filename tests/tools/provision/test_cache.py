from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from provision import cache
from tests.tools.checkout import ENOUGH_SECONDS, TOOLS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

ENTRY = "engine-1"
PROGRAM = "bin/engine"
HOLDER = """
import sys
from pathlib import Path
from provision import cache

def make(folder):
    (folder / "half").write_text("half")
    print("begun", flush=True)
    sys.stdin.readline()

cache.obtain(Path(sys.argv[1]), "engine-1", make)
"""


def make(folder: Path) -> None:
    (folder / "bin").mkdir()
    (folder / PROGRAM).write_text("engine")
    (folder / PROGRAM).chmod(0o755)
    (folder / "notes").write_text("notes")


def refuse(_folder: Path) -> None:
    pytest.fail("made again")


def begun(folder: Path) -> subprocess.Popen[str]:
    """Start a process that makes the entry, until it holds the entry's lock."""
    maker = subprocess.Popen(
        [sys.executable, "-S", "-c", HOLDER, folder],
        env={"PYTHONPATH": str(TOOLS)},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert maker.stdout
    assert maker.stdout.readline() == "begun\n"
    return maker


def test_an_entry_is_made_once(tmp_path: Path) -> None:
    folder = cache.obtain(tmp_path, ENTRY, make)
    assert (folder / PROGRAM).read_text() == "engine"
    assert cache.obtain(tmp_path, ENTRY, refuse) == folder


def changed(path: Path, content: str) -> None:
    path.write_text(content)
    os.utime(path, ns=(1, 1))


DAMAGES: dict[str, Callable[[Path], object]] = {
    "a program cut short": lambda folder: (folder / PROGRAM).write_text("eng"),
    "an emptied program": lambda folder: (folder / PROGRAM).write_text(""),
    "another program of the same size": lambda folder: changed(folder / PROGRAM, "enigne"),
    "a program that is gone": lambda folder: (folder / PROGRAM).unlink(),
    "a file that is not a program": lambda folder: changed(folder / "notes", "nodes"),
    "no manifest": lambda folder: (folder / cache.MANIFEST).unlink(),
    "half a manifest": lambda folder: (folder / cache.MANIFEST).write_text('{"bin/engine": {"sha'),
    "an empty manifest": lambda folder: (folder / cache.MANIFEST).write_text("{}"),
    "a manifest of something else": lambda folder: (folder / cache.MANIFEST).write_text('["bin/engine"]'),
    "a manifest without checksums": lambda folder: (folder / cache.MANIFEST).write_text('{"notes": {}}'),
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_entry_is_noticed_and_made_again(tmp_path: Path, damage: str) -> None:
    folder = cache.obtain(tmp_path, ENTRY, make)
    DAMAGES[damage](folder)
    assert not cache.is_whole(folder)
    assert cache.obtain(tmp_path, ENTRY, make) == folder
    assert cache.is_whole(folder)
    assert (folder / PROGRAM).read_text() == "engine"


def test_a_copied_entry_is_trusted_by_its_checksums(tmp_path: Path) -> None:
    folder = cache.obtain(tmp_path, ENTRY, make)
    for path in (folder / PROGRAM, folder / "notes"):
        os.utime(path, ns=(1, 1))
    assert cache.obtain(tmp_path, ENTRY, refuse) == folder


def test_every_file_is_in_the_manifest(tmp_path: Path) -> None:
    folder = cache.obtain(tmp_path, ENTRY, make)
    assert sorted(json.loads((folder / cache.MANIFEST).read_text())) == [PROGRAM, "notes"]


def test_what_could_not_be_made_leaves_nothing(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        (folder / "half").touch()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        cache.obtain(tmp_path, ENTRY, fail)
    assert [path.name for path in tmp_path.iterdir()] == [f"{ENTRY}.lock"]


def test_a_killed_maker_holds_nothing_and_its_half_is_removed(tmp_path: Path) -> None:
    maker = begun(tmp_path)
    maker.kill()
    maker.communicate(timeout=ENOUGH_SECONDS)
    another = tmp_path / "engine-10.abc"
    another.mkdir()
    assert len(list(tmp_path.glob(f"{ENTRY}.*"))) == 2
    cache.obtain(tmp_path, ENTRY, make)
    assert {path.name for path in tmp_path.iterdir()} == {ENTRY, f"{ENTRY}.lock", "engine-10.abc"}


def test_who_comes_second_says_who_makes_it_and_waits(tmp_path: Path) -> None:
    maker = begun(tmp_path)
    assert maker.stdin
    said: list[str] = []

    def waiting(line: str) -> None:
        said.append(line)
        assert maker.stdin
        maker.stdin.write("\n")
        maker.stdin.flush()

    folder = cache.obtain(tmp_path, ENTRY, refuse, waiting)
    assert said == [f"waiting for process {maker.pid}, which holds {tmp_path / ENTRY}.lock"]
    assert (folder / "half").read_text() == "half"
    maker.communicate(timeout=ENOUGH_SECONDS)


def test_programs_are_linked_and_nothing_else(tmp_path: Path) -> None:
    folder = cache.obtain(tmp_path / "cache", ENTRY, make)
    (folder / "bin" / "readme").touch()
    tools = tmp_path / "tools"
    tools.mkdir()
    (tools / "engine").write_text("an older one")
    cache.link(folder / "bin", tools)
    assert [path.name for path in tools.iterdir()] == ["engine"]
    assert (tools / "engine").resolve() == folder / PROGRAM
    assert cache.is_linked(tools / "engine", tmp_path / "cache")


def test_a_link_to_nothing_or_to_a_damaged_entry_is_none(tmp_path: Path) -> None:
    folder = cache.obtain(tmp_path / "cache", ENTRY, make)
    cache.link(folder / "bin", tmp_path / "tools")
    (folder / "notes").write_text("")
    assert not cache.is_linked(tmp_path / "tools" / "engine", tmp_path / "cache")
    shutil.rmtree(folder)
    assert not cache.is_linked(tmp_path / "tools" / "engine", tmp_path / "cache")
