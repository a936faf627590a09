from __future__ import annotations

from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from localcloud.provider import shape
from localcloud.provider.table import TABLE, Resource

VERSION = TABLE["cloudflare:index/workerVersion:WorkerVersion"]
BUCKET = TABLE["cloudflare:index/r2Bucket:R2Bucket"]
WORKER = TABLE["cloudflare:index/worker:Worker"]
DEPLOYMENT = TABLE["cloudflare:index/workersDeployment:WorkersDeployment"]

camel = st.from_regex(r"[a-z]{1,8}([A-Z][a-z]{1,6}){0,3}", fullmatch=True)
documents = st.recursive(
    st.booleans() | st.integers() | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(camel, part, max_size=3),
)


@given(st.dictionaries(camel, documents))
def test_an_answer_reads_back_what_was_sent(inputs: dict[str, Any]) -> None:
    resource = Resource(path="/x", item="/x/{id}")
    assert shape.answered(resource, shape.body(resource, inputs)) == inputs


def test_names_that_are_the_users_own_are_not_rewritten() -> None:
    body = shape.body(DEPLOYMENT, {"annotations": {"workers/message": "hi"}, "envVars": {"API_ORIGIN": 1}})
    assert body == {"annotations": {"workers/message": "hi"}, "env_vars": {"API_ORIGIN": 1}}


def test_what_travels_in_the_path_or_a_header_is_not_in_the_body() -> None:
    inputs = {"accountId": "a", "name": "media", "location": "weur", "jurisdiction": "eu"}
    assert shape.body(BUCKET, inputs) == {"name": "media", "locationHint": "weur"}
    assert shape.headers(BUCKET, inputs) == {"cf-r2-jurisdiction": "eu"}


def test_values_in_a_path_are_encoded() -> None:
    assert shape.address("/x/{name}/{id}", {"name": "a/b"}, "../c") == "/x/a%2Fb/..%2Fc"


def test_defaults_fill_only_what_is_silent() -> None:
    filled = shape.with_defaults(WORKER, {"name": "api", "observability": {"enabled": True}})
    assert filled["observability"]["enabled"] is True
    assert filled["observability"]["headSamplingRate"] == 1
    assert filled["tags"] == []


def test_lists_of_named_things_are_sorted_as_the_api_keeps_them() -> None:
    filled = shape.with_defaults(VERSION, {"bindings": [{"name": "B"}, {"name": "A"}]})
    assert [binding["name"] for binding in filled["bindings"]] == ["A", "B"]


def test_a_refresh_takes_what_changed_keeps_what_is_not_told_and_ignores_the_rest() -> None:
    kept = {"pattern": "a/*", "bindings": [{"name": "S", "text": "secret"}]}
    found = {"pattern": "b/*", "bindings": [{"name": "S"}], "etag": "1"}
    assert shape.refreshed(kept, found) == {"pattern": "b/*", "bindings": [{"name": "S", "text": "secret"}]}
    assert shape.refreshed({"tags": ["a"]}, {"tags": []}) == {"tags": []}
