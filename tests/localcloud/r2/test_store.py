"""The store against a dictionary, its limits, its buckets, and what a crash leaves."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import signal
import string
import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from localcloud.r2.errors import (
    BadDigestError,
    BucketNotEmptyError,
    InvalidMaxKeysError,
    InvalidObjectNameError,
    InvalidRequestError,
    MetadataTooLargeError,
    NoSuchBucketError,
    NoSuchKeyError,
    StateError,
)
from localcloud.r2.listing import Listing
from localcloud.r2.store import Store
from localcloud.r2.stored import Description

if TYPE_CHECKING:
    from collections.abc import Iterable

KEYS = st.text(st.sampled_from("ab/é😀\0"), min_size=1, max_size=6)


def _blobs(folder: Path) -> list[str]:
    return [path.name for path in (folder / "blobs").iterdir()]


def _bytes_of(store: Store, key: str) -> bytes:
    _, file = store.get("media", key)
    with file:
        return file.read()


def _whole(store: Store, listing: Listing) -> tuple[list[str], list[str], int]:
    """Read every page: keys, prefixes, number of pages."""
    keys: list[str] = []
    prefixes: list[str] = []
    for pages in range(1, 1000):
        page = store.list("media", listing)
        keys += [one.key for one in page.objects]
        prefixes += page.prefixes
        if page.cursor is None:
            return keys, prefixes, pages
        listing = Listing(
            listing.prefix, listing.delimiter, page.cursor, listing.start_after, limit=listing.limit
        )
    raise AssertionError("the list never ends")


@pytest.mark.parametrize("damage", [b"", b"not a database", b"SQLite format 3\0" + b"\xff" * 4096])
def test_a_damaged_database_is_refused_with_what_to_do(tmp_path: Path, damage: bytes) -> None:
    (tmp_path / "metadata.db").write_bytes(damage)
    with pytest.raises(StateError) as refused:
        Store(tmp_path)
    assert "metadata.db cannot be used" in refused.value.happened
    assert "nothing was changed" in refused.value.means
    assert "`ops local reset`" in refused.value.remedy
    assert (tmp_path / "metadata.db").read_bytes() == damage


def test_a_bucket_that_holds_objects_is_not_deleted(store: Store) -> None:
    store.put("media", "k", [b"x"])
    with pytest.raises(BucketNotEmptyError):
        store.delete_bucket("media")
    store.delete("media", ["k"])
    store.delete_bucket("media")
    assert store.buckets() == []


def test_making_and_deleting_a_bucket_twice_is_as_once(store: Store) -> None:
    store.put("media", "k", [b"x"])
    store.create_bucket("media")
    assert _bytes_of(store, "k") == b"x"
    store.delete_bucket("never-made")
    assert store.buckets() == ["media"]


def test_a_bucket_that_was_never_made_has_no_operations(store: Store, tmp_path: Path) -> None:
    for operation in (
        lambda: store.head("none", "k"),
        lambda: store.put("none", "k", [b"x"]),
        lambda: store.delete("none", ["k"]),
        lambda: store.list("none"),
    ):
        with pytest.raises(NoSuchBucketError):
            operation()
    assert _blobs(tmp_path / "r2") == []


def test_an_upload_into_a_bucket_that_is_deleted_meanwhile_leaves_nothing(
    store: Store, tmp_path: Path
) -> None:
    draft = store.draft("media", "k", Description())
    draft.write(b"x")
    store.delete_bucket("media")
    with pytest.raises(NoSuchBucketError):
        store.publish(draft, "media", "k", Description())
    assert _blobs(tmp_path / "r2") == []


@pytest.mark.parametrize("key", ["k" * 1025, "é" * 513, "\ud800"])
def test_a_key_that_cannot_be_is_refused(store: Store, key: str) -> None:
    with pytest.raises(InvalidObjectNameError):
        store.put("media", key, [b"x"])
    with pytest.raises(InvalidObjectNameError):
        store.delete("media", [key])


def test_custom_metadata_over_2048_bytes_is_refused(store: Store) -> None:
    store.put("media", "k", [b""], Description(custom_metadata={"k": "v" * 2047}))
    for value in ("v" * 2048, "€" * 1024):
        with pytest.raises(MetadataTooLargeError):
            store.put("media", "k", [b""], Description(custom_metadata={"k": value}))


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_list_limit_is_from_1_to_1000(store: Store, limit: int) -> None:
    with pytest.raises(InvalidMaxKeysError):
        store.list("media", Listing(limit=limit))


def test_a_cursor_that_is_none_of_ours_is_refused(store: Store) -> None:
    with pytest.raises(InvalidRequestError):
        store.list("media", Listing(cursor="not base64!"))


def test_a_wrong_checksum_keeps_the_object_that_was(store: Store, tmp_path: Path) -> None:
    store.put("media", "k", [b"old"])
    with pytest.raises(BadDigestError):
        store.put("media", "k", [b"new"], Description(checksums={"sha256": "00" * 32}))
    assert _bytes_of(store, "k") == b"old"
    assert len(_blobs(tmp_path / "r2")) == 1


def test_an_upload_that_breaks_off_keeps_the_object_that_was(store: Store, tmp_path: Path) -> None:
    def breaks_off() -> Iterable[bytes]:
        yield b"new"
        raise OSError("the line is dead")

    store.put("media", "k", [b"old"])
    with pytest.raises(OSError, match="the line is dead"):
        store.put("media", "k", breaks_off())
    assert _bytes_of(store, "k") == b"old"
    assert len(_blobs(tmp_path / "r2")) == 1


def test_who_reads_an_object_reads_on_when_it_is_replaced_and_deleted(store: Store) -> None:
    store.put("media", "k", [b"first"])
    _, file = store.get("media", "k")
    store.put("media", "k", [b"second"])
    store.delete("media", ["k"])
    with file:
        assert file.read() == b"first"


def test_every_put_makes_a_new_version(store: Store) -> None:
    first, second = (store.put("media", "k", [b"x"]) for _ in range(2))
    assert first.version != second.version
    assert store.head("media", "k") == second


def test_a_sweep_removes_what_no_record_names_and_nothing_else(store: Store, tmp_path: Path) -> None:
    kept = store.put("media", "k", [b"x"])
    store.draft("media", "k", Description()).write(b"half")
    whole = store.draft("media", "k", Description())
    whole.keep()
    assert store.sweep() == 2
    assert _blobs(tmp_path / "r2") == [kept.version]


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
        content = _bytes_of(store, one.key)
        assert hashlib.sha256(content).hexdigest() == one.custom_metadata["sha256"]
    assert sorted(_blobs(tmp_path / "r2")) == sorted(one.version for one in objects)


class StoreModel(RuleBasedStateMachine):
    """The store does what a dictionary does."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp())
        self.store = Store(self.folder)
        self.store.create_bucket("media")
        self.model: dict[str, tuple[bytes, dict[str, str]]] = {}

    @rule(key=KEYS, pieces=st.lists(st.binary(max_size=5), max_size=3), meta=st.dictionaries(KEYS, KEYS))
    def put(self, key: str, pieces: list[bytes], meta: dict[str, str]) -> None:
        stored = self.store.put("media", key, pieces, Description(custom_metadata=meta))
        content = b"".join(pieces)
        assert stored.etag == hashlib.md5(content, usedforsecurity=False).hexdigest()
        self.model[key] = (content, meta)

    @rule(keys=st.lists(KEYS, max_size=3))
    def delete(self, keys: list[str]) -> None:
        self.store.delete("media", keys)
        for key in keys:
            self.model.pop(key, None)

    @precondition(lambda self: self.model)
    @rule(data=st.data())
    def delete_one(self, data: st.DataObject) -> None:
        self.delete([data.draw(st.sampled_from(sorted(self.model)))])

    @rule(key=KEYS)
    def get(self, key: str) -> None:
        if key not in self.model:
            with pytest.raises(NoSuchKeyError):
                self.store.get("media", key)
            return
        content, meta = self.model[key]
        stored = self.store.head("media", key)
        assert (_bytes_of(self.store, key), dict(stored.custom_metadata)) == (content, meta)
        assert stored.size == len(content)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store(self.folder)

    @invariant()
    def the_list_and_the_files_agree_with_the_model(self) -> None:
        keys, _, _ = _whole(self.store, Listing())
        assert keys == sorted(self.model, key=str.encode)
        assert len(_blobs(self.folder)) == len(self.model)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


StoreModel.TestCase.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)
test_the_store_does_what_a_dictionary_does = StoreModel.TestCase


@pytest.fixture(scope="module")
def filled(tmp_path_factory: pytest.TempPathFactory) -> Store:
    """Sixty keys in which every short prefix and delimiter occurs."""
    store = Store(tmp_path_factory.mktemp("filled"))
    store.create_bucket("media")
    for key in _filled_keys():
        store.put("media", key, [b""])
    return store


def _filled_keys() -> list[str]:
    letters = ["a", "b", "/", "é", "😀"]
    return (
        letters
        + [x + y for x in letters for y in letters]
        + ["a/" + x + "//" + y for x in letters for y in letters]
    )


@settings(max_examples=80, deadline=None)
@given(
    prefix=st.text("ab/é😀", max_size=2),
    delimiter=st.sampled_from(["", "/", "//", "a", "😀"]),
    after=st.none() | st.text("ab/é😀", max_size=3),
    limit=st.integers(1, 7) | st.just(1000),
)
def test_pages_together_hold_every_key_and_prefix_once(
    filled: Store, prefix: str, delimiter: str, after: str | None, limit: int
) -> None:
    keys, prefixes, pages = _whole(filled, Listing(prefix, delimiter, None, after, limit))
    chosen = sorted(
        (key for key in _filled_keys() if key.startswith(prefix) and (after is None or key > after)),
        key=str.encode,
    )
    grouped = [key for key in chosen if delimiter and delimiter in key[len(prefix) :]]
    groups = {prefix + key[len(prefix) :].split(delimiter)[0] + delimiter for key in grouped}
    assert keys == [key for key in chosen if key not in grouped]
    assert prefixes == sorted(groups, key=str.encode)
    assert pages == max(1, -(-(len(keys) + len(prefixes)) // limit))


def test_keys_are_listed_in_the_order_of_their_bytes(store: Store) -> None:
    keys = ["\uffff", "😀", "z", "é", "Z", "\0", *string.digits]
    for key in keys:
        store.put("media", key, [b""])
    assert _whole(store, Listing())[0] == sorted(keys, key=str.encode)
