from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain import ranges

SIZES = st.integers(0, 10_000)


@pytest.mark.parametrize(
    "header",
    [
        None,
        "",
        "bytes",
        "bytes=",
        "bytes=-",
        "bytes=5-2",
        "bytes=0-1,3-4",
        "lines=0-1",
        "bytes=a-b",
        "bytes=-1-2",
        "bytes=1²-3",
    ],
)
def test_a_range_that_makes_no_sense_means_the_whole_file(header: str | None) -> None:
    assert ranges.parse(header) is None


@pytest.mark.parametrize(
    ("header", "size", "expected"),
    [
        ("bytes=0-0", 10, (0, 1)),
        ("bytes=0-", 10, (0, 10)),
        ("bytes=9-20", 10, (9, 1)),
        ("bytes=-3", 10, (7, 3)),
        ("bytes=-30", 10, (0, 10)),
        ("bytes=10-", 10, None),
        ("bytes=-0", 10, None),
        ("bytes=0-", 0, None),
        ("BYTES=2-3", 10, (2, 2)),
    ],
)
def test_a_range_is_placed_inside_the_file(header: str, size: int, expected: tuple[int, int] | None) -> None:
    parsed = ranges.parse(header)
    assert parsed is not None
    assert parsed.within(size) == expected


@given(st.integers(0, 20_000), st.integers(0, 20_000), SIZES)
def test_a_placed_range_gives_exactly_the_bytes_asked_for(start: int, end: int, size: int) -> None:
    parsed = ranges.parse(f"bytes={start}-{end}")
    content = bytes(index % 251 for index in range(size))
    if parsed is None:
        assert end < start
        return
    inside = parsed.within(size)
    expected = content[start : end + 1]
    assert (content[inside[0] : sum(inside)] if inside else b"") == expected


@given(st.text())
def test_any_header_is_read_or_ignored(header: str) -> None:
    parsed = ranges.parse(header)
    assert parsed is None or parsed.within(100) is None or sum(parsed.within(100) or (0, 0)) <= 100


@pytest.mark.parametrize(
    ("header", "matches"),
    [('"a"', True), ('W/"a"', True), ('"b", "a"', True), ("*", True), ('"b"', False), ("a", False)],
)
def test_if_none_match_compares_weakly(header: str, matches: bool) -> None:  # noqa: FBT001 - a table of cases
    assert ranges.none_match(header, '"a"') is matches
