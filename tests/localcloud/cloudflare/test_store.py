from __future__ import annotations

import sqlite3
import threading
from typing import TYPE_CHECKING

import pytest
from cryptography.exceptions import InvalidTag

from localcloud.cloudflare.sealing import Seal
from localcloud.cloudflare.store import DuplicateError, StateError, Store

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_that_is_no_database_is_refused_and_left_as_it_is(state_file: Path) -> None:
    state_file.parent.mkdir()
    state_file.write_bytes(b"not a database, but somebody's file" * 100)
    with pytest.raises(StateError, match=r"cannot be used.*Move the file aside.*ops local reset.*make up"):
        Store(state_file)
    assert state_file.read_bytes().startswith(b"not a database")


@pytest.mark.parametrize("kept", [0, 100, 5000])
def test_a_half_written_file_is_refused(state_file: Path, kept: int) -> None:
    store = Store(state_file)
    with store.writing() as records:
        records.add("worker", "a", {"id": "1", "text": "x" * 20_000})
    store.close()
    state_file.write_bytes(state_file.read_bytes()[:kept])
    with pytest.raises(StateError):
        Store(state_file)
    assert state_file.stat().st_size == kept


def test_another_formats_file_is_refused(state_file: Path) -> None:
    Store(state_file).close()
    connection = sqlite3.connect(state_file)
    connection.execute("PRAGMA user_version = 99")
    connection.commit()
    connection.close()
    with pytest.raises(StateError, match="its format is 99"):
        Store(state_file)


def test_a_name_is_unique_within_kind_and_scope(store: Store) -> None:
    with store.writing() as records:
        records.add("worker", "a", {"id": "1"}, name="n")
        records.add("worker", "b", {"id": "2"}, name="n")
        records.add("route", "a", {"id": "3"}, name="n")
        with pytest.raises(DuplicateError):
            records.add("worker", "a", {"id": "4"}, name="n")
    assert store.committed.named("worker", "b", "n") == {"id": "2"}


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    with pytest.raises(RuntimeError), store.writing() as records:  # noqa: PT012 - what stands before the fault matters
        records.add("worker", "a", {"id": "1"})
        raise RuntimeError
    assert store.committed.listed("worker", "a") == []
    assert store.newest is store.committed


def test_what_is_committed_is_there_after_the_process_was_killed(state_file: Path) -> None:
    store = Store(state_file)
    with store.writing() as records:
        records.add("worker", "a", {"id": "1"})
    # Not closed, as after kill -9: a second opener finds the write-ahead log beside the file.
    again = Store(state_file)
    assert again.committed.listed("worker", "a") == [{"id": "1"}]


def test_two_writers_wait_for_each_other(state_file: Path) -> None:
    stores = [Store(state_file) for _ in range(2)]

    def write(number: int) -> None:
        for index in range(25):
            with stores[number].writing() as records:
                records.add("worker", "a", {"id": f"{number}-{index}"})

    threads = [threading.Thread(target=write, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(stores[0].committed.listed("worker", "a")) == 50


def test_only_its_owner_may_read_the_file(state_file: Path) -> None:
    Store(state_file).close()
    assert state_file.stat().st_mode & 0o077 == 0


def test_a_sealed_text_is_opened_by_its_key_alone() -> None:
    sealed = Seal("one").close("tést")
    assert Seal("one").open(sealed) == "tést"
    assert sealed != Seal("one").close("tést")
    with pytest.raises(InvalidTag):
        Seal("two").open(sealed)
