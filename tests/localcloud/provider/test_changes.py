from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from localcloud.provider import changes
from localcloud.provider.table import TABLE
from localcloud.provider.values import UNKNOWN

ROUTE = TABLE["cloudflare:index/workersRoute:WorkersRoute"]
VERSION = TABLE["cloudflare:index/workerVersion:WorkerVersion"]
documents = st.recursive(
    st.booleans() | st.integers() | st.text(),
    lambda part: st.lists(part, max_size=3) | st.dictionaries(st.text(max_size=3), part, max_size=3),
)


@given(st.dictionaries(st.text(), documents))
def test_nothing_differs_from_itself(state: dict[str, Any]) -> None:
    assert changes.changes(state, state) == {}


@pytest.mark.parametrize(
    ("state", "wanted", "found"),
    [
        ({"a": 1}, {"a": 2}, {"a": "update"}),
        ({}, {"a": 1}, {"a": "add"}),
        ({"a": 1, "computed": 2}, {"a": 1}, {}),
        ({"a": {"b": 1, "c": 2}}, {"a": {"b": 1}}, {"a.c": "delete"}),
        ({"a": [1, {"b": 2}]}, {"a": [1, {"b": 3}]}, {"a[1].b": "update"}),
        ({"a": [1]}, {"a": [1, 2]}, {"a[1]": "add"}),
        ({"a": [1, 2]}, {"a": [1]}, {"a[1]": "delete"}),
        ({"a": "known"}, {"a": UNKNOWN}, {"a": "update"}),
    ],
)
def test_each_difference_is_named_by_its_path(state: Any, wanted: Any, found: dict[str, str]) -> None:
    assert changes.changes(state, wanted) == found


def test_a_route_moves_in_place_within_its_zone_and_is_made_anew_in_another() -> None:
    assert changes.replaces(ROUTE, {"pattern": "update"}) == []
    assert changes.replaces(ROUTE, {"pattern": "update", "zoneId": "update"}) == ["zoneId"]


def test_a_version_is_never_changed_in_place() -> None:
    assert changes.replaces(VERSION, {"bindings[0].text": "update"}) == ["bindings"]
