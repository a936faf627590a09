from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.domain.media import MediaFile, of_output, owner

JOB_ID = "0b9f3c5e-8a52-4d0c-9c5e-6f1f6f2f8b11"
KEY = f"media/{JOB_ID}/0.png"


@pytest.mark.parametrize(
    "output",
    [
        None,
        "text",
        [],
        {"files": "x"},
        {"files": [1, {}, {"key": ""}, {"key": 5}, {"key": "media/other/0.png"}]},
    ],
)
def test_what_is_not_a_file_of_the_jobs_own_does_not_count(output: Any) -> None:
    assert of_output(JOB_ID, output) == ()


def test_own_files_are_numbered_as_they_come() -> None:
    files = [{"key": "media/other/0.png"}, {"key": KEY, "width": 64}, {"key": KEY.replace("0.png", "1.png")}]
    told = of_output(JOB_ID, {"files": files})
    assert [(file.ordinal, file.key, file.width) for file in told] == [
        (0, KEY, 64),
        (1, KEY.replace("0.png", "1.png"), None),
    ]


@pytest.mark.parametrize(
    ("output", "expected"),
    [
        (None, None),
        ({"files": []}, None),
        ({"files": [{"key": "public/0.png"}]}, None),
        ({"files": [{"key": "media/nobody/0.png"}]}, None),
        ({"files": [1, {"key": None}, {"key": KEY}]}, JOB_ID),
    ],
)
def test_files_say_whose_they_are(output: Any, expected: str | None) -> None:
    assert owner(output) == expected


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=5,
)
FIELDS = (
    "content_type",
    "format",
    "size_bytes",
    "width",
    "height",
    "duration_seconds",
    "sha256",
    "description",
)


@given(st.fixed_dictionaries({}, optional=dict.fromkeys(FIELDS, JSON)))
def test_nonsense_in_a_file_costs_that_word_alone(words: dict[str, Any]) -> None:
    (file,) = of_output(JOB_ID, {"files": [{"key": KEY, **words}]})
    assert file.key == KEY
    assert file.size_bytes is None or 0 <= file.size_bytes < 2**53
    assert file.width is None or 0 < file.width < 2**31
    assert file.duration_seconds is None or file.duration_seconds >= 0
    assert MediaFile.parse(file.to_json()) == file
