"""Requests as workerd writes them, and what is none."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from localcloud.r2.byte_range import ByteRange
from localcloud.r2.conditional import Conditional, Etag
from localcloud.r2.errors import InvalidRequestError
from localcloud.r2.listing import Listing
from localcloud.r2.protocol import Delete, Get, Head, List, Put, request_of
from localcloud.r2.stored import Description

JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.text()
    | st.sampled_from(["get", "put", "list", "0", "strong"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
    max_leaves=5,
)
FIELDS = ["object", "objects", "range", "rangeHeader", "onlyIf", "limit", "cursor", "include", "md5", "sha1"]
METHODS = ["head", "get", "put", "delete", "list"]


def _read(**document: Any) -> object:
    return request_of(json.dumps({"version": 1, **document}).encode())


@pytest.mark.parametrize("text", [b"", b"[]", b"null", b"{", b"\xff", b'{"method":1}', b'{"method":"head"}'])
def test_what_is_no_request_is_refused(text: bytes) -> None:
    with pytest.raises(InvalidRequestError):
        request_of(text)


@settings(deadline=None)
@given(
    st.sampled_from(METHODS), st.dictionaries(st.sampled_from([*FIELDS, "httpFields", "customFields"]), JSON)
)
def test_any_json_is_read_or_refused(method: str, document: dict[str, Any]) -> None:
    try:
        request = _read(method=method, **document)
    except InvalidRequestError:
        return
    assert type(request).__name__.lower() == method


def test_half_a_surrogate_pair_is_refused() -> None:
    with pytest.raises(InvalidRequestError):
        _read(method="head", object="\ud800")


def test_numbers_come_as_strings() -> None:
    asked = {"offset": "3", "length": "18446744073709551614"}
    assert _read(method="get", object="k", range=asked) == Get("k", ByteRange(3, 2**64 - 2), None)
    put = _read(method="put", object="k", httpFields={"contentType": "a/b", "cacheExpiry": "1700000000000"})
    assert put == Put("k", Description({"contentType": "a/b", "cacheExpiry": 1_700_000_000_000}), None)


def test_conditions_are_read_whole() -> None:
    asked = {
        "etagMatches": [{"value": "a", "type": "strong"}, {"value": "b", "type": "weak"}],
        "etagDoesNotMatch": [{"type": "wildcard"}],
        "uploadedBefore": "2",
        "uploadedAfter": "1",
        "secondsGranularity": True,
    }
    condition = Conditional((Etag("strong", "a"), Etag("weak", "b")), (Etag("wildcard"),), 2, 1, seconds=True)
    assert _read(method="get", object="k", onlyIf=asked) == Get("k", None, condition)


def test_md5_is_base64_and_the_others_are_hex() -> None:
    assert _read(method="put", object="k", md5="/wA=") == Put(
        "k", Description(checksums={"md5": "ff00"}), None
    )
    assert _read(method="put", object="k", sha1="FF00") == Put(
        "k", Description(checksums={"sha1": "ff00"}), None
    )


def test_the_small_requests_are_read() -> None:
    assert _read(method="head", object="k") == Head("k")
    assert _read(method="delete", object="k") == Delete(("k",))
    assert _read(method="delete", objects=["a", "b"]) == Delete(("a", "b"))
    asked = {"limit": 5, "prefix": "p", "delimiter": "/", "cursor": "c", "startAfter": "s", "include": [1]}
    assert _read(method="list", newRuntime=True, **asked) == List(
        Listing("p", "/", "c", "s", 5, http_metadata=False, custom_metadata=True)
    )
