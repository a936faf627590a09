from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ops.checks.matchers import MATCHERS
from ops.checks.matchers.observation import Observation, Verdict

ANSWER = {"ok": True, "n": 1, "job": {"id": "a1", "files": [{"key": "media/a.png", "size": 3}]}, "none": None}


def seen(body: bytes | None = None, status: int = 200, seconds: float = 0.1) -> Observation:
    content = json.dumps(ANSWER).encode() if body is None else body
    return Observation(status, {"content-type": "application/json; charset=utf-8"}, content, seconds)


@pytest.mark.parametrize(
    ("matcher", "expected", "message"),
    [
        ("status", 201, "the status code is another"),
        ("status", [201, 404], "the status code is another"),
        ("json", {"ok": False}, "ok is true, not false"),
        ("json", {"n": True}, "n is 1, not true"),
        ("json", {"job": {"id": "b2"}}, "job.id is a1, not b2"),
        ("json", {"job": {"files": []}}, "job.files is "),
        ("json", {"job": {"files": [{"size": 4}]}}, "job.files.0.size is 3, not 4"),
        ("json", {"missing": 1}, "missing is missing"),
        ("json_equal", {"ok": True}, "n is missing"),
        ("json_matches", {"job.id": "[0-9]+"}, "job.id is a1"),
        ("json_matches", {"none": ".*"}, "none is null"),
        ("json_matches", {"job.files.1.key": ".*"}, "job.files.1.key is absent"),
        ("json_absent", ["job.id"], "job.id should not be there"),
        ("header", {"Content-Type": "text/plain"}, "Content-Type is application/json; charset=utf-8"),
        ("header", {"x-none": "a"}, "x-none is absent"),
        ("body", "Hello", "the bytes differ from offset 0 on"),
        ("starts_with", b"\x89PNG", "the body begins otherwise"),
        ("size", 1, "the size is another"),
        ("contains", ["nowhere"], '["nowhere"] does not occur'),
        ("not_contains", ["media"], '["media"] occurs'),
        ("within_seconds", 0.05, "it took too long"),
    ],
)
def test_each_matcher_says_what_is_wrong(matcher: str, expected: Any, message: str) -> None:
    assert MATCHERS[matcher].problem(expected) is None
    verdict = MATCHERS[matcher].match(expected, seen())
    assert not verdict.ok
    assert verdict.message.startswith(message)
    assert verdict.expected
    assert verdict.actual


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        ("status", 200),
        ("status", [404, 200]),
        ("json", {"job": {"files": [{"key": "media/a.png"}]}}),
        ("json_equal", ANSWER),
        ("json_matches", {"job.id": "[a-z][0-9]", "n": "1", "ok": "true"}),
        ("json_absent", ["error", "job.files.3"]),
        ("header", {"Content-Type": "application/json"}),
        ("header", {"content-type": "application/json; charset=utf-8"}),
        ("body", json.dumps(ANSWER)),
        ("starts_with", b'{"ok"'),
        ("size", len(json.dumps(ANSWER))),
        ("size", str(len(json.dumps(ANSWER)))),
        ("contains", ["media/a.png", "ok"]),
        ("not_contains", ["supabase_not_configured"]),
        ("within_seconds", 1),
    ],
)
def test_each_matcher_agrees_with_what_is_right(matcher: str, expected: Any) -> None:
    assert MATCHERS[matcher].problem(expected) is None
    assert MATCHERS[matcher].match(expected, seen()).ok


@pytest.mark.parametrize("matcher", ["json", "json_equal", "json_matches", "json_absent"])
def test_an_answer_that_is_not_json_satisfies_no_json_matcher(matcher: str) -> None:
    expected: Any = ["a"] if matcher == "json_absent" else {"a": "b"}
    assert not MATCHERS[matcher].match(expected, seen(b"<html>")).ok


@pytest.mark.parametrize(
    ("matcher", "expected"),
    [
        ("status", []),
        ("status", True),
        ("json", {}),
        ("json", "text"),
        ("json_matches", {"a": 1}),
        ("json_absent", "a"),
        ("header", {"a": 1}),
        ("body", {"a": 1}),
        ("starts_with", 1),
        ("size", 1.5),
        ("contains", "text"),
        ("not_contains", []),
        ("within_seconds", 0),
        ("within_seconds", True),
    ],
)
def test_an_expectation_that_could_not_work_is_refused(matcher: str, expected: Any) -> None:
    assert MATCHERS[matcher].problem(expected) is not None


def test_one_differing_byte_is_found_and_placed() -> None:
    assert MATCHERS["body"].match(b"\x00\x01\x02", seen(b"\x00\x01\x03")) == Verdict(
        "body",
        ok=False,
        expected=r"3 bytes: b'\x00\x01\x02'",
        actual=r"3 bytes: b'\x00\x01\x03'",
        message="the bytes differ from offset 2 on",
    )


DOCUMENTS = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1, max_size=3), DOCUMENTS, min_size=1, max_size=3))
def test_every_document_holds_and_equals_itself(document: dict[str, Any]) -> None:
    answer = seen(json.dumps(document).encode())
    assert MATCHERS["json"].match(document, answer).ok
    assert MATCHERS["json_equal"].match(document, answer).ok


@given(st.binary(max_size=20), st.binary(max_size=20))
def test_bodies_match_exactly_when_they_are_equal(wanted: bytes, body: bytes) -> None:
    assert MATCHERS["body"].match(wanted, seen(body)).ok == (wanted == body)
