from __future__ import annotations

from typing import Any

import pytest

from reference import fields


@pytest.mark.parametrize(
    ("schema", "name"),
    [
        ({}, "anything"),
        ({"type": "string"}, "string"),
        ({"type": ["integer", "null"]}, "integer or null"),
        ({"type": "string", "format": "binary"}, "bytes"),
        ({"const": False}, "`false`"),
        ({"type": "string", "enum": ["image", "video"]}, "`image` or `video`"),
        ({"type": "array", "items": {"type": "string"}}, "array of string"),
        ({"type": ["array", "null"], "items": {"type": "object"}}, "array of object or null"),
    ],
)
def test_a_type_has_a_name(schema: dict[str, Any], name: str) -> None:
    assert fields.kind(schema) == name


@pytest.mark.parametrize(
    ("schema", "needed", "said"),
    [
        ({}, True, ""),
        ({}, False, "Optional"),
        ({"default": None}, False, "`null` where left out"),
        ({"description": "the size"}, False, "The size; optional"),
        ({"minimum": 0}, True, "From 0"),
        ({"minimum": 1, "maximum": 4, "default": 1}, False, "1 to 4; `1` where left out"),
        (
            {"maxLength": 9, "pattern": "^a$", "example": "a"},
            True,
            "Such as `a`; at most 9 characters; matches `^a$`",
        ),
        ({"maxItems": 16}, True, "At most 16 items"),
    ],
)
def test_what_a_value_must_keep_to_is_said(schema: dict[str, Any], needed: bool, said: str) -> None:  # noqa: FBT001 - a column
    assert fields.notes(schema, needed=needed) == said


def test_fields_without_notes_are_a_line_and_with_one_a_table() -> None:
    whole = {"type": "integer"}
    schema: dict[str, Any] = {"required": ["n", "m"], "properties": {"n": whole, "m": whole}}
    assert fields.described(schema) == "`n` (integer), `m` (integer).\n"
    schema["required"] = ["n"]
    assert fields.described(schema).splitlines()[2:] == [
        "| `n` | integer |  |",
        "| `m` | integer | Optional |",
    ]


def test_nested_fields_are_named_by_their_path() -> None:
    files = {"type": "array", "items": {"required": ["url"], "properties": {"url": {"type": "string"}}}}
    schema = {"properties": {"data": {"type": "object", "properties": {"files": files}}}}
    assert [row.split(" | ")[0] for row in fields.described(schema).splitlines()[2:]] == [
        "| `data`",
        "| `data.files`",
        "| `data.files[].url`",
    ]


def test_what_is_needed_in_one_case_alone_is_said_below() -> None:
    schema = {
        "properties": {"status": {"type": "string"}, "data": {"type": "object"}},
        "if": {"properties": {"status": {"const": "completed"}}},
        "then": {"required": ["data"], "properties": {"data": {}}},
    }
    assert fields.described(schema).endswith("\nWhere `status` is `completed`, `data` must be there.\n")
