from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.runpod.submission import SubmissionError, parse

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=8), inner, max_size=3),
    max_leaves=6,
)


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        (b"{", "not JSON"),
        (b"\xff", "not JSON"),
        (b"[1]", "not a JSON object"),
        (b"{}", 'no "input"'),
        (b'{"input": {}, "policy": 5}', '"policy" is not an object'),
        (b'{"input": {}, "policy": {"ttl": 9999}}', '"policy.ttl" is not a whole number'),
        (b'{"input": {}, "policy": {"executionTimeout": true}}', '"policy.executionTimeout"'),
        (b'{"input": {}, "policy": {"executionTimeout": 5000.5}}', '"policy.executionTimeout"'),
        (b'{"input": {}, "webhook": "ftp://h/x"}', "not an http"),
        (b'{"input": {}, "webhook": "http://h:port/x"}', "not an http"),
        (b'{"input": {}, "webhook": 7}', "not an http"),
    ],
)
def test_a_body_that_is_not_a_job_is_refused_with_its_reason(body: bytes, reason: str) -> None:
    with pytest.raises(SubmissionError, match=reason):
        parse(body, sync=False)


def test_a_refused_webhook_is_not_quoted() -> None:
    with pytest.raises(SubmissionError) as refusal:
        parse(b'{"input": {}, "webhook": "ftp://h/?token=canary"}', sync=False)
    assert "canary" not in str(refusal.value)


def test_what_is_left_out_gets_the_defaults_of_runpod() -> None:
    order = parse(b'{"input": {"a": 1}}', sync=True)
    assert (order.execution_timeout, order.ttl, order.webhook, order.sync) == (
        600_000,
        86_400_000,
        None,
        True,
    )


@given(JSON)
def test_any_json_is_either_a_job_or_refused(document: object) -> None:
    try:
        order = parse(json.dumps(document).encode(), sync=False)
    except SubmissionError:
        return
    assert isinstance(document, dict)
    assert order.input == document["input"]


@given(st.dictionaries(st.sampled_from(["input", "webhook", "policy"]), JSON))
def test_any_fields_are_either_a_job_or_refused(document: dict[str, object]) -> None:
    try:
        parse(json.dumps(document).encode(), sync=False)
    except SubmissionError:
        return
    assert "input" in document
