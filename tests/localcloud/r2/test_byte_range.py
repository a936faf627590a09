"""Ranges against what plain slices give."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.r2.byte_range import ByteRange
from localcloud.r2.errors import InvalidRangeError

SMALL = st.none() | st.integers(0, 12)


@settings(deadline=None)
@given(st.integers(0, 10), SMALL, SMALL, st.none())
def test_offset_and_length_are_a_slice(
    size: int, offset: int | None, length: int | None, suffix: None
) -> None:
    begin = offset or 0
    expected = range(size)[begin : None if length is None else begin + length]
    _compare(ByteRange(offset, length, suffix), size, expected)


@settings(deadline=None)
@given(st.integers(0, 10), st.integers(0, 12))
def test_a_suffix_is_a_slice_from_the_end(size: int, suffix: int) -> None:
    _compare(ByteRange(suffix=suffix), size, range(size)[max(size - suffix, 0) :])


def _compare(asked: ByteRange, size: int, expected: range) -> None:
    if not expected:
        with pytest.raises(InvalidRangeError):
            asked.within(size)
        return
    span = asked.within(size)
    assert range(span.offset, span.offset + span.length) == expected


@pytest.mark.parametrize(
    "header", ["bytes=0-1,3-4", "bytes=-", "bytes=5-2", "items=0-1", "bytes=a-b", "bytes=٣-"]
)
def test_a_header_that_cannot_be_served_in_one_piece_means_the_whole(header: str) -> None:
    assert ByteRange.of_header(header) is None


@pytest.mark.parametrize(
    ("header", "asked"),
    [
        ("bytes=0-0", ByteRange(0, 1)),
        ("Bytes = 2 - 5", ByteRange(2, 4)),
        ("bytes=7-", ByteRange(offset=7)),
        ("bytes=-3", ByteRange(suffix=3)),
    ],
)
def test_a_header_is_read(header: str, asked: ByteRange) -> None:
    assert ByteRange.of_header(header) == asked
