from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain import keys


@pytest.mark.parametrize(
    "key",
    [
        "",
        ".",
        "..",
        "a/../b",
        "../a",
        "a/..",
        "a/./b",
        "a\\..\\b",
        "a\0b",
        "a\nb",
        "a\x7fb",
        "a\x85b",
        "x" * 1025,
        "é" * 513,
    ],
)
def test_a_key_that_no_file_may_have_is_refused(key: str) -> None:
    with pytest.raises(keys.InvalidKeyError):
        keys.parse(key)


@pytest.mark.parametrize(
    "key", ["a", "test.txt", "a b/c.png", "..a", "a..b", "x" * 1024, "é" * 512, "日本/絵.png"]
)
def test_an_ordinary_key_is_kept_as_it_is(key: str) -> None:
    assert keys.parse(key) == key


@given(st.text())
def test_whatever_passes_is_within_the_limits(key: str) -> None:
    try:
        parsed = keys.parse(key)
    except keys.InvalidKeyError:
        return
    assert 0 < len(parsed.encode()) <= keys.MAX_KEY_BYTES
    assert ".." not in parsed.split("/")


@given(st.text(min_size=1).filter(lambda text: not any("\ud800" <= c <= "\udfff" for c in text)))
def test_a_download_name_can_never_leave_its_header(key: str) -> None:
    disposition = keys.attachment(key)
    assert disposition.isascii()
    assert disposition.isprintable()
    assert disposition.count('"') == 2


def test_only_customers_files_are_private() -> None:
    assert keys.is_private("media/job/0.png")
    assert not keys.is_private("mediation.txt")


def test_a_job_stores_one_file_an_image() -> None:
    assert keys.of_job("j", "image", 2) == ["media/j/0.png", "media/j/1.png"]
    assert keys.of_job("j", "video", 1) == ["media/j/0.mp4"]
