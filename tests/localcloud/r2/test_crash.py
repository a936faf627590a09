"""What a crash leaves, and several processes at one folder."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import signal
import time
from pathlib import Path

import pytest

from localcloud.r2.errors import StateError
from localcloud.r2.store import Store
from localcloud.r2.stored import Description
from tests.localcloud.r2.local_r2 import blobs, bytes_of


def test_a_sweep_removes_what_no_record_names_and_nothing_else(store: Store, tmp_path: Path) -> None:
    kept = store.put("media", "k", [b"x"])
    store.draft("media", "k", Description()).write(b"half")
    whole = store.draft("media", "k", Description())
    whole.keep()
    assert store.sweep() == 2
    assert blobs(tmp_path / "r2") == [kept.version]


def test_two_processes_cannot_serve_one_folder(store: Store, tmp_path: Path) -> None:
    with (
        store.serving(),
        pytest.raises(StateError, match="Another process serves"),
        Store(tmp_path / "r2").serving(),
    ):
        pass


def _open_and_make(folder: str, name: str) -> None:
    store = Store(Path(folder))
    for number in range(20):
        store.create_bucket(f"{name}-{number}")
    store.close()


def test_processes_that_open_a_new_folder_at_once_share_it(tmp_path: Path) -> None:
    context = multiprocessing.get_context("spawn")
    processes = [context.Process(target=_open_and_make, args=(str(tmp_path / "r2"), name)) for name in "abc"]
    for process in processes:
        process.start()
    for process in processes:
        process.join(60)
    assert [process.exitcode for process in processes] == [0, 0, 0]
    assert len(Store(tmp_path / "r2").buckets()) == 60


def _replace_forever(folder: str) -> None:
    store = Store(Path(folder))
    for number in range(1_000_000):
        content = str(number).encode() * 1000
        digest = hashlib.sha256(content).hexdigest()
        store.put("media", f"k{number % 3}", [content], Description({}, {"sha256": digest}))
        store.delete("media", [f"k{(number + 1) % 3}"])


@pytest.mark.parametrize("milliseconds", [5, 40, 90])
def test_a_kill_at_any_moment_leaves_whole_objects_only(
    store: Store, tmp_path: Path, milliseconds: int
) -> None:
    process = multiprocessing.get_context("spawn").Process(
        target=_replace_forever, args=(str(tmp_path / "r2"),)
    )
    process.start()
    deadline = time.monotonic() + 60
    while not store.list("media").objects and time.monotonic() < deadline:
        time.sleep(0.005)
    time.sleep(milliseconds / 1000)
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    process.join(10)
    store.sweep()
    objects = store.list("media").objects
    for one in objects:
        content = bytes_of(store, one.key)
        assert hashlib.sha256(content).hexdigest() == one.custom_metadata["sha256"]
    assert sorted(blobs(tmp_path / "r2")) == sorted(one.version for one in objects)
