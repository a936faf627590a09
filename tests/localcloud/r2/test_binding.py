"""What a worker in the real runtime sees of its R2 binding."""

from __future__ import annotations

import hashlib
import os
import time
from typing import TYPE_CHECKING, Any

import httpx
import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator

    from tests.localcloud.r2.local_r2 import R2Process, Workerd

MIB = 1024 * 1024


def _keys(page: dict[str, Any]) -> list[str]:
    return [one["key"] for one in page["objects"]]


def test_an_object_that_is_not_there_is_null(workerd: Workerd) -> None:
    assert workerd.call("head", "none") is None
    assert workerd.call("get", "none") is None
    assert workerd.call("delete", "none") is None


def test_a_key_over_1024_bytes_is_refused(workerd: Workerd) -> None:
    refused = {"error": "Error: put: The specified object name is not valid. (10020)"}
    assert workerd.call("put", "k" * 1025, "x") == refused


def test_an_upload_with_another_checksum_is_refused_and_leaves_nothing(workerd: Workerd) -> None:
    answer = workerd.call("put", "digest/wrong", "x", {"sha256": "00" * 32})
    assert answer["error"].startswith("Error: put: The SHA256 checksum you specified did not match")
    assert answer["error"].endswith("(10037)")
    assert workerd.call("head", "digest/wrong") is None


def test_a_range_beyond_the_end_is_refused(workerd: Workerd) -> None:
    workerd.call("put", "range/beyond", "0123456789")
    answer = workerd.call("get", "range/beyond", {"range": {"offset": 10}})
    assert answer == {"error": "Error: get: The requested range is not satisfiable (10039)"}


def test_multipart_uploads_are_refused_with_the_way_out(workerd: Workerd) -> None:
    error = workerd.call("createMultipartUpload", "multi")["error"]
    assert "does not serve createMultipartUpload" in error
    assert "put()" in error


def test_too_much_custom_metadata_is_refused(workerd: Workerd) -> None:
    answer = workerd.call("put", "meta/large", "x", {"customMetadata": {"k": "v" * 2048}})
    assert answer["error"].endswith("(10012)")


def test_an_object_comes_back_with_all_that_was_said_of_it(workerd: Workerd) -> None:
    expiry = "2030-01-02T03:04:05.000Z"
    http = {
        "contentType": "image/png",
        "contentLanguage": "fr",
        "contentDisposition": 'attachment; filename="é.png"',
        "contentEncoding": "identity",
        "cacheControl": "max-age=60",
        "cacheExpiry": expiry,
    }
    custom = {"job": "42", "prompt": "un château"}
    put = workerd.call("put", "whole", "hello", {"httpMetadata": http, "customMetadata": custom})
    got = workerd.call("get", "whole")
    md5 = hashlib.md5(b"hello", usedforsecurity=False).hexdigest()
    assert got["text"] == "hello"
    assert (got["size"], got["etag"], got["httpEtag"]) == (5, md5, f'"{md5}"')
    assert (got["httpMetadata"], got["customMetadata"]) == (http, custom)
    assert got["checksums"] == {"md5": md5}
    assert {**got, "text": None} == {**put, "text": None}
    assert workerd.call("head", "whole") == put


def test_a_given_checksum_is_kept_beside_the_md5(workerd: Workerd) -> None:
    digest = hashlib.sha512(b"x").hexdigest()
    workerd.call("put", "digest/right", "x", {"sha512": digest})
    assert workerd.call("head", "digest/right")["checksums"]["sha512"] == digest


def test_an_md5_is_checked(workerd: Workerd) -> None:
    md5 = hashlib.md5(b"x", usedforsecurity=False).hexdigest()
    assert workerd.call("put", "digest/md5", "x", {"md5": md5})["etag"] == md5
    assert workerd.call("put", "digest/md5", "y", {"md5": md5})["error"].endswith("(10037)")


def test_an_empty_object_is_an_object(workerd: Workerd) -> None:
    workerd.call("put", "empty", "")
    assert workerd.call("get", "empty")["text"] == ""


@pytest.mark.parametrize(
    "key", ["k" * 1024, "é" * 512, "a b/ü?#%&\n\"'\\/..//\t\x01", "../../etc/passwd", "😀"]
)
def test_any_key_up_to_1024_bytes_works(workerd: Workerd, key: str) -> None:
    assert workerd.call("put", key, key)["key"] == key
    assert workerd.call("get", key)["text"] == key
    assert key in _keys(workerd.call("list", {"prefix": key}))
    workerd.call("delete", key)
    assert workerd.call("head", key) is None


@pytest.mark.parametrize(
    ("asked", "text", "given"),
    [
        ({"offset": 2, "length": 3}, "234", {"offset": 2, "length": 3}),
        ({"offset": 7}, "789", {"offset": 7, "length": 3}),
        ({"length": 4}, "0123", {"offset": 0, "length": 4}),
        ({"suffix": 2}, "89", {"offset": 8, "length": 2}),
        ({"suffix": 99}, "0123456789", {"offset": 0, "length": 10}),
        ({"offset": 8, "length": 99}, "89", {"offset": 8, "length": 2}),
    ],
)
def test_a_range_gives_its_bytes_and_says_which(
    workerd: Workerd, asked: dict[str, int], text: str, given: dict[str, int]
) -> None:
    workerd.call("put", "range/digits", "0123456789")
    got = workerd.call("get", "range/digits", {"range": asked})
    assert (got["text"], got["range"], got["size"]) == (text, given, 10)


def test_a_read_whose_condition_fails_gives_the_object_without_its_bytes(workerd: Workerd) -> None:
    etag = workerd.call("put", "if/read", "x")["etag"]
    got = workerd.call("get", "if/read", {"onlyIf": {"etagDoesNotMatch": etag}})
    assert (got["etag"], got["text"]) == (etag, None)
    assert workerd.call("get", "if/read", {"onlyIf": {"etagMatches": etag}})["text"] == "x"


def test_a_write_whose_condition_fails_changes_nothing(workerd: Workerd) -> None:
    only_new = {"onlyIf": {"etagDoesNotMatch": "*"}}
    assert workerd.call("put", "if/write", "first", only_new)["key"] == "if/write"
    assert workerd.call("put", "if/write", "second", only_new) is None
    assert workerd.call("get", "if/write")["text"] == "first"


def test_conditions_on_the_time_of_upload_hold(workerd: Workerd) -> None:
    workerd.call("put", "if/time", "x")
    past, future = "2000-01-01T00:00:00Z", "2100-01-01T00:00:00Z"
    assert workerd.call("get", "if/time", {"onlyIf": {"uploadedBefore": future}})["text"] == "x"
    assert workerd.call("get", "if/time", {"onlyIf": {"uploadedBefore": past}})["text"] is None
    assert workerd.call("get", "if/time", {"onlyIf": {"uploadedAfter": past}})["text"] == "x"
    assert workerd.call("get", "if/time", {"onlyIf": {"uploadedAfter": future}})["text"] is None


def test_many_keys_are_deleted_at_once(workerd: Workerd) -> None:
    for name in "abc":
        workerd.call("put", f"many/{name}", name)
    workerd.call("delete", ["many/a", "many/none", "many/c"])
    assert _keys(workerd.call("list", {"prefix": "many/"})) == ["many/b"]


def test_a_list_is_paged_and_grouped(workerd: Workerd) -> None:
    for name in ("a", "d1/x", "d1/y", "d2/z", "e"):
        workerd.call("put", f"tree/{name}", name)
    first = workerd.call("list", {"prefix": "tree/", "delimiter": "/", "limit": 2})
    assert (_keys(first), first["delimitedPrefixes"], first["truncated"]) == (["tree/a"], ["tree/d1/"], True)
    rest = workerd.call("list", {"prefix": "tree/", "delimiter": "/", "cursor": first["cursor"]})
    assert (_keys(rest), rest["delimitedPrefixes"], rest["truncated"]) == (["tree/e"], ["tree/d2/"], False)
    assert "cursor" not in rest
    assert _keys(workerd.call("list", {"prefix": "tree/", "startAfter": "tree/d2/z"})) == ["tree/e"]


def test_a_list_carries_only_the_metadata_that_was_asked_for(workerd: Workerd) -> None:
    said = {"httpMetadata": {"contentType": "text/plain"}, "customMetadata": {"a": "b"}}
    workerd.call("put", "include/x", "x", said)
    (bare,) = workerd.call("list", {"prefix": "include/"})["objects"]
    assert "httpMetadata" not in bare
    assert "customMetadata" not in bare
    (full,) = workerd.call("list", {"prefix": "include/", "include": list(said)})["objects"]
    assert {name: full[name] for name in said} == said


def test_a_page_too_large_for_the_runtime_ends_early(workerd: Workerd, r2: R2Process) -> None:
    keys = [f"wide/{number:04}" + "\x01" * 1000 for number in range(250)]
    for key in keys:
        r2.store.put("media", key, [b""])
    found, cursor = [], None
    for _ in range(9):
        asked = {"prefix": "wide/", **({"cursor": cursor} if cursor else {})}
        page = workerd.call("list", asked)
        found += _keys(page)
        cursor = page.get("cursor")
        if not page["truncated"]:
            break
    assert found == keys


def _pieces(seed: bytes, count: int) -> Iterator[bytes]:
    for _ in range(count):
        yield seed


def test_thirty_megabytes_stream_through_byte_identical_in_bounded_memory(
    workerd: Workerd, r2: R2Process
) -> None:
    workerd.call("put", "warm", "x")
    before = r2.memory()
    seed, digest = os.urandom(MIB), hashlib.sha256()
    length = {"content-length": str(30 * MIB), "content-type": "video/mp4"}
    put = httpx.put(f"{workerd.url}/object/film", content=_pieces(seed, 30), headers=length, timeout=60)
    assert put.json()["size"] == 30 * MIB
    with httpx.stream("GET", f"{workerd.url}/object/film", timeout=60) as got:
        assert got.headers["content-type"] == "video/mp4"
        time.sleep(0.2)  # a reader that lags must not make the server read ahead
        for piece in got.iter_bytes():
            digest.update(piece)
    assert digest.digest() == hashlib.sha256(seed * 30).digest()
    assert r2.memory() - before < 8 * MIB


def test_a_large_upload_that_is_refused_before_it_is_read_says_why(workerd: Workerd) -> None:
    length = {"content-length": str(8 * MIB)}
    url = f"{workerd.url}/object/{'k' * 1025}"
    put = httpx.put(url, content=_pieces(b"x" * MIB, 8), headers=length, timeout=60)
    assert put.json()["error"].endswith("(10020)")
    assert workerd.call("put", "after", "x")["size"] == 1


def test_headers_of_http_ask_for_ranges_and_conditions(workerd: Workerd) -> None:
    etag = workerd.call("put", "http", "0123456789")["httpEtag"]
    url = f"{workerd.url}/object/http"
    assert httpx.get(url, headers={"range": "bytes=2-4"}).text == "234"
    assert httpx.get(url, headers={"range": "bytes=-3"}).text == "789"
    assert httpx.get(url, headers={"range": "bytes=0-1,3-4"}).text == "0123456789"
    assert httpx.get(url, headers={"if-none-match": etag}).status_code == 304
    assert httpx.get(url, headers={"if-none-match": f"W/{etag}"}).status_code == 304
    assert httpx.get(url, headers={"if-none-match": '"other"'}).text == "0123456789"
