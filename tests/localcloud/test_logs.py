from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from localcloud import logs

if TYPE_CHECKING:
    from pathlib import Path

    import pytest


def test_a_log_that_is_not_there_has_no_lines(tmp_path: Path) -> None:
    assert logs.tail(tmp_path / "none.log", 5) == []


def test_a_large_log_is_moved_aside_and_a_small_one_is_kept(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "MAX_BYTES", 10)
    log = logs.path_of(tmp_path, "edge")
    logs.rotate(log)
    log.write_text("short")
    logs.rotate(log)
    assert log.exists()
    log.write_text("longer than ten")
    logs.rotate(log)
    assert not log.exists()
    assert (tmp_path / "log" / "edge.log.1").read_text() == "longer than ten"


def test_following_gives_whole_lines_and_survives_a_rotation(tmp_path: Path) -> None:
    log = tmp_path / "edge.log"
    log.write_text("before\n")
    seen: list[str] = []
    followed = logs.follow([log])
    reader = threading.Thread(
        target=lambda: seen.extend(line for _, line in (next(followed), next(followed)))
    )
    reader.start()
    while not reader.is_alive():
        pass
    threading.Event().wait(0.3)
    with log.open("a") as file:
        file.write("first\nhal")
    threading.Event().wait(0.5)
    assert not seen
    log.write_text("new\n")  # shorter: the file was rotated
    reader.join(5)
    assert seen == ["first", "new"]


def test_the_last_words_are_those_of_the_newest_run(tmp_path: Path) -> None:
    log = logs.path_of(tmp_path, "edge")
    logs.begin(log)
    with log.open("a") as file:
        file.write("of the first run\n")
    logs.begin(log)
    with log.open("a") as file:
        file.write("of the second run\n")
    assert logs.last_words(log, 10) == ["of the second run"]
