from __future__ import annotations

import json
from contextlib import suppress
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from api import document
from api.errors import InvalidError

SCHEMA: document.Schema = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "minLength": 1, "maxLength": 5},
        "count": {"type": "integer", "minimum": 1, "maximum": 3, "default": 2},
        "seed": {"type": ["integer", "null"], "default": None},
        "kind": {"type": "string", "enum": ["a", "b"], "default": "a"},
        "word": {"type": "string", "pattern": "^[a-z]+$"},
        "files": {
            "type": ["array", "null"],
            "maxItems": 2,
            "items": {"type": "object", "required": ["url"], "properties": {"url": {"type": "string"}}},
        },
    },
}


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"nope",
        b"NaN",
        b"[Infinity]",
        b"1e999",
        b'"\xff"',
        rb'"\u0000"',
        rb'{"\ud800": 1}',
        b"[" * 100_000,
        b'{"a":' * 65 + b"1" + b"}" * 65,
        b"1" * 5000,
    ],
)
def test_a_body_that_cannot_be_stored_is_refused(body: bytes) -> None:
    with pytest.raises(InvalidError) as refused:
        document.parse(body)
    assert refused.value.field == "body"


@given(st.binary())
def test_any_bytes_are_read_or_refused(body: bytes) -> None:
    with suppress(InvalidError):
        json.dumps(document.parse(body), allow_nan=False).encode()


def test_brackets_inside_text_are_not_depth() -> None:
    text = "[{" * 500
    assert document.parse(json.dumps(text).encode()) == text


@pytest.mark.parametrize(
    ("value", "field"),
    [
        ([], "body"),
        ("x", "body"),
        ({}, "name"),
        ({"name": ""}, "name"),
        ({"name": "too long"}, "name"),
        ({"name": 1}, "name"),
        ({"name": None}, "name"),
        ({"name": "x", "count": 0}, "count"),
        ({"name": "x", "count": 4}, "count"),
        ({"name": "x", "count": True}, "count"),
        ({"name": "x", "count": 1.5}, "count"),
        ({"name": "x", "seed": "1"}, "seed"),
        ({"name": "x", "kind": "c"}, "kind"),
        ({"name": "x", "kind": ["a"]}, "kind"),
        ({"name": "x", "word": "A"}, "word"),
        ({"name": "x", "word": "a\n"}, "word"),
        ({"name": "x", "files": {}}, "files"),
        ({"name": "x", "files": [{"url": ""}] * 3}, "files"),
        ({"name": "x", "files": [5]}, "files[0]"),
        ({"name": "x", "files": [{"url": ""}, {"url": 5}]}, "files[1].url"),
        ({"name": "x", "files": [{}]}, "files[0].url"),
    ],
)
def test_a_wrong_field_is_named(value: Any, field: str) -> None:
    with pytest.raises(InvalidError) as refused:
        document.check(SCHEMA, value)
    assert refused.value.field == field


def test_defaults_fill_the_gaps_and_unknown_fields_are_left_out() -> None:
    checked = document.check(SCHEMA, {"name": "x", "other": 1})
    assert checked == {"name": "x", "count": 2, "seed": None, "kind": "a"}


def test_a_whole_number_may_be_written_with_a_point() -> None:
    checked = document.check(SCHEMA, {"name": "x", "count": 3.0, "seed": 1e3})
    assert checked == {"name": "x", "count": 3, "seed": 1000, "kind": "a"}
    assert type(checked["count"]) is int


def test_each_item_of_a_list_is_read_by_its_schema() -> None:
    checked = document.check(SCHEMA, {"name": "x", "files": [{"url": "a", "other": 1}]})
    assert checked["files"] == [{"url": "a"}]
    assert document.check(SCHEMA, {"name": "x", "files": None})["files"] is None


@pytest.mark.parametrize("count", ["", "x", "1.0", "-1", "0", "99", "\u0661"])
def test_a_number_in_a_query_must_be_one(count: str) -> None:
    with pytest.raises(InvalidError) as refused:
        document.check_query(SCHEMA, {"name": "x", "count": count})
    assert refused.value.field == "count"


def test_a_number_in_a_query_is_read() -> None:
    assert document.check_query(SCHEMA, {"name": "x", "count": "3"})["count"] == 3


@given(
    st.recursive(
        st.text() | st.floats() | st.none(), lambda part: st.lists(part) | st.dictionaries(st.text(), part)
    )
)
def test_what_an_upstream_says_is_made_storable(value: Any) -> None:
    kept = document.storable(value)
    assert document.parse(json.dumps(kept).encode()) == kept
    assert document.storable(kept) == kept


def test_what_can_be_stored_already_stays_as_it_is() -> None:
    value = {"é": ["\U0001f6a2", 1, 2.5, None, True, {"a": []}]}
    assert document.storable(value) == value


def test_what_cannot_be_stored_costs_no_more_than_itself() -> None:
    told = json.loads('{"error": "a\\u0000b \\ud800", "output": {"loss": NaN, "files": [{"key": "x"}]}}')
    assert document.storable(told) == {
        "error": "a?b ?",
        "output": {"loss": None, "files": [{"key": "x"}]},
    }
