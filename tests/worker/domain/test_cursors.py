from __future__ import annotations

from base64 import urlsafe_b64encode
from contextlib import suppress
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


@given(st.text())
def test_any_text_is_read_or_refused_and_nothing_else(text: str) -> None:
    with suppress(cursors.InvalidCursorError):
        assert cursors.decode(text).encode() == text
