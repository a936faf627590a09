"""The store against a dictionary, its limits and its buckets."""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule

from localcloud.r2.errors import (
    BadDigestError,
    BucketNotEmptyError,
    InvalidObjectNameError,
    MetadataTooLargeError,
    NoSuchBucketError,
    NoSuchKeyError,
    StateError,
)
from localcloud.r2.store import Store
from localcloud.r2.stored import Description
from tests.localcloud.r2.local_r2 import blobs, bytes_of

if TYPE_CHECKING:
    from collections.abc import Iterable


KEYS = st.text(st.sampled_from("ab/é😀\0"), min_size=1, max_size=6)


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
    assert bytes_of(store, "k") == b"x"
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
    assert blobs(tmp_path / "r2") == []


def test_an_upload_into_a_bucket_that_is_deleted_meanwhile_leaves_nothing(
    store: Store, tmp_path: Path
) -> None:
    draft = store.draft("media", "k", Description())
    draft.write(b"x")
    store.delete_bucket("media")
    with pytest.raises(NoSuchBucketError):
        store.publish(draft, "media", "k", Description())
    assert blobs(tmp_path / "r2") == []


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


def test_a_wrong_checksum_keeps_the_object_that_was(store: Store, tmp_path: Path) -> None:
    store.put("media", "k", [b"old"])
    with pytest.raises(BadDigestError):
        store.put("media", "k", [b"new"], Description(checksums={"sha256": "00" * 32}))
    assert bytes_of(store, "k") == b"old"
    assert len(blobs(tmp_path / "r2")) == 1


def test_an_upload_that_breaks_off_keeps_the_object_that_was(store: Store, tmp_path: Path) -> None:
    def breaks_off() -> Iterable[bytes]:
        yield b"new"
        raise OSError("the line is dead")

    store.put("media", "k", [b"old"])
    with pytest.raises(OSError, match="the line is dead"):
        store.put("media", "k", breaks_off())
    assert bytes_of(store, "k") == b"old"
    assert len(blobs(tmp_path / "r2")) == 1


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
        assert (bytes_of(self.store, key), dict(stored.custom_metadata)) == (content, meta)
        assert stored.size == len(content)

    @rule()
    def reopen(self) -> None:
        self.store.close()
        self.store = Store(self.folder)

    @invariant()
    def the_list_and_the_files_agree_with_the_model(self) -> None:
        keys = [one.key for one in self.store.list("media").objects]
        assert keys == sorted(self.model, key=str.encode)
        assert len(blobs(self.folder)) == len(self.model)

    def teardown(self) -> None:
        self.store.close()
        shutil.rmtree(self.folder)


StoreModel.TestCase.settings = settings(max_examples=15, stateful_step_count=15, deadline=None)


test_the_store_does_what_a_dictionary_does = StoreModel.TestCase
