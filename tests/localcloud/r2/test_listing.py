"""Pages of a bucket against a sorted list."""

from __future__ import annotations

import string

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.r2.errors import InvalidMaxKeysError, InvalidRequestError
from localcloud.r2.listing import Listing
from localcloud.r2.store import Store


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


@pytest.mark.parametrize("limit", [0, -1, 1001])
def test_a_list_limit_is_from_1_to_1000(store: Store, limit: int) -> None:
    with pytest.raises(InvalidMaxKeysError):
        store.list("media", Listing(limit=limit))


def test_a_cursor_that_is_none_of_ours_is_refused(store: Store) -> None:
    with pytest.raises(InvalidRequestError):
        store.list("media", Listing(cursor="not base64!"))


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
