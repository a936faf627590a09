from __future__ import annotations

from base64 import urlsafe_b64encode
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain import cursors

JOB = "0b9f3c5e-8a52-4d0c-9c5e-6f1f6f2f8b11"


def _encoded(text: str) -> str:
    return urlsafe_b64encode(text.encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "x",
        "not a cursor",
        "é",
        _encoded("2026-11-21T00:00:00+00:00"),
        _encoded(f"2026-11-21T00:00:00 {JOB}"),  # no zone
        _encoded(f"yesterday {JOB}"),
        *(
            _encoded(f"{time} {JOB}")
            for time in (
                *("2026-W47-6T00:00:00+00:00", "20261121T000000Z", "2026-11-21 00:00:00+00:00", "2026-11-21"),
                *("2026-11-21T00:00:00+23:59", "2026-11-21T00:00:00.1234567Z", "2026-13-21T00:00:00Z"),
                *("0000-01-01T00:00:00Z", "2026-11-21T00:00:61Z", "2026-11-21T00:00+00:00", "infinity"),
            )
        ),
        _encoded("2026-11-21T00:00:00+00:00 not-a-uuid"),
        _encoded(f"2026-11-21T00:00:00+00:00 {JOB}") + "=",
    ],
)
def test_what_this_api_did_not_make_is_refused(text: str) -> None:
    with pytest.raises(cursors.InvalidCursorError):
        cursors.decode(text)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids())
def test_a_cursor_comes_back_as_it_was(moment: object, job_id: object) -> None:
    cursor = cursors.Cursor(moment.isoformat(), str(job_id))  # type: ignore[attr-defined]
    assert cursors.decode(cursor.encode()) == cursor


@dataclass(frozen=True)
class Row:
    id: str
    created_at: str


@given(st.integers(0, 12), st.integers(1, 5))
def test_pages_follow_each_other_without_gap_or_repeat(count: int, limit: int) -> None:
    rows = [Row(f"{index}", "2026-11-21T00:00:00Z") for index in range(count)]
    seen: list[Row] = []
    while True:
        start = len(seen)
        page, following = cursors.cut(rows[start : start + limit + 1], limit)
        seen += page
        if following is None:
            break
        assert (following.created_at, following.id) == (page[-1].created_at, page[-1].id)
    assert seen == rows


@given(st.text())
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    with suppress(cursors.InvalidCursorError):
        assert cursors.decode(text).encode() == text
