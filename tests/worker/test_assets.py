"""Files: stored, read whole, in part and not again, removed."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from api.domain import signatures

if TYPE_CHECKING:
    from tests.worker.memory_platform import Platform

CONTENT = b"Hello World"


@pytest.fixture
async def stored(platform: Platform, admin: dict[str, str]) -> str:
    told = await platform.ask("PUT", "/assets/test.txt", body=CONTENT, content_type="text/plain", **admin)
    assert told.status == 200
    assert told.json == {
        "ok": True,
        "key": "test.txt",
        "size": 11,
        "etag": '"b10a8db164e0754105b7a99be72e3fe5"',
        "content_type": "text/plain",
    }
    return str(told.json["etag"])


@pytest.mark.parametrize("key", ["", "a%2F..%2Fb", "%2E%2E", "%00", "%0A", "x" * 1025, "%FF", ".."])
@pytest.mark.parametrize("method", ["PUT", "GET", "HEAD", "DELETE"])
async def test_a_bad_key_is_refused(platform: Platform, admin: dict[str, str], method: str, key: str) -> None:
    told = await platform.ask(method, f"/assets/{key}", body=b"x", **admin)
    assert told.status == 400


async def test_a_file_over_the_limit_is_refused_before_it_is_read(
    platform: Platform, admin: dict[str, str]
) -> None:
    told = await platform.ask("PUT", "/assets/big", body=b"x", content_length="100000001", **admin)
    assert (told.status, told.json["error"]) == (413, "too_large")


async def test_an_upload_must_say_its_length(platform: Platform, admin: dict[str, str]) -> None:
    told = await platform.ask("PUT", "/assets/a", body=b"x", content_length="", **admin)
    assert (told.status, told.json["error"]) == (411, "length_required")


async def test_an_empty_file_is_a_file(platform: Platform, admin: dict[str, str]) -> None:
    assert (await platform.ask("PUT", "/assets/empty", **admin)).json["size"] == 0
    assert (await platform.ask("GET", "/assets/empty")).headers["Content-Length"] == "0"
    assert (await platform.ask("GET", "/assets/empty", range="bytes=0-")).status == 416


@pytest.mark.usefixtures("stored")
async def test_a_file_comes_back_as_it_was(platform: Platform) -> None:
    told = await platform.ask("GET", "/assets/test.txt")
    assert (told.status, told.body) == (200, CONTENT)
    assert told.headers["Content-Type"] == "text/plain"
    assert told.headers["Content-Length"] == "11"
    assert told.headers["Accept-Ranges"] == "bytes"
    assert told.headers["Cache-Control"] == "public, max-age=60"


async def test_head_describes_the_file(platform: Platform, stored: str) -> None:
    told = await platform.ask("HEAD", "/assets/test.txt", range="bytes=0-1")
    assert (told.status, told.body) == (200, None)
    assert (told.headers["Content-Length"], told.headers["ETag"]) == ("11", stored)


@pytest.mark.usefixtures("stored")
@pytest.mark.parametrize(
    ("asked", "status", "body", "content_range"),
    [
        ("bytes=0-4", 206, b"Hello", "bytes 0-4/11"),
        ("bytes=6-", 206, b"World", "bytes 6-10/11"),
        ("bytes=-5", 206, b"World", "bytes 6-10/11"),
        ("bytes=0-", 206, CONTENT, "bytes 0-10/11"),
        ("bytes=5-2", 200, CONTENT, None),
        ("bytes=0-1,3-4", 200, CONTENT, None),
    ],
)
async def test_a_part_is_served(
    platform: Platform, asked: str, status: int, body: bytes, content_range: str | None
) -> None:
    told = await platform.ask("GET", "/assets/test.txt", range=asked)
    assert (told.status, told.body) == (status, body)
    assert told.headers.get("Content-Range") == content_range
    assert told.headers["Content-Length"] == str(len(body))


@pytest.mark.usefixtures("stored")
async def test_a_part_outside_the_file_is_refused_with_its_size(platform: Platform) -> None:
    told = await platform.ask("GET", "/assets/test.txt", range="bytes=11-")
    assert (told.status, told.headers["Content-Range"]) == (416, "bytes */11")


async def test_what_the_client_holds_is_not_sent_again(platform: Platform, stored: str) -> None:
    for method in ("GET", "HEAD"):
        told = await platform.ask(method, "/assets/test.txt", if_none_match=f'"x", {stored}')
        assert (told.status, told.body, told.headers["ETag"]) == (304, None, stored)
        assert "Content-Length" not in told.headers
    assert (await platform.ask("GET", "/assets/test.txt", if_none_match='"x"')).status == 200


async def test_a_part_of_another_version_is_never_sent(platform: Platform, stored: str) -> None:
    asked = {"range": "bytes=0-4"}
    assert (await platform.ask("GET", "/assets/test.txt", if_range=stored, **asked)).status == 206
    assert (await platform.ask("GET", "/assets/test.txt", if_range='"old"', **asked)).status == 200


@pytest.mark.usefixtures("stored")
async def test_a_download_gets_a_safe_name(platform: Platform, admin: dict[str, str]) -> None:
    await platform.ask("PUT", "/assets/d/%C3%A9%22x.txt", body=b"x", **admin)
    told = await platform.ask("GET", "/assets/d/%C3%A9%22x.txt?download=1")
    expected = "attachment; filename=\"__x.txt\"; filename*=UTF-8''%C3%A9%22x.txt"
    assert told.headers["Content-Disposition"] == expected


@pytest.mark.usefixtures("stored")
async def test_a_removed_file_is_gone(platform: Platform, admin: dict[str, str]) -> None:
    assert (await platform.ask("DELETE", "/assets/test.txt", **admin)).json["size"] == 11
    assert (await platform.ask("GET", "/assets/test.txt")).status == 404
    assert (await platform.ask("HEAD", "/assets/test.txt")).status == 404
    assert (await platform.ask("DELETE", "/assets/test.txt", **admin)).status == 404


async def test_customers_files_are_the_admins_to_read(platform: Platform, admin: dict[str, str]) -> None:
    expires = int(platform.clock.now) + 60
    address = signatures.media_address("", platform.settings.webhook_secret, "PUT", "media/j/0.png", expires)
    assert (await platform.ask("PUT", address, body=b"png", content_type="image/png")).status == 200
    assert (await platform.ask("GET", "/assets/media/j/0.png")).status == 401
    told = await platform.ask("GET", "/assets/media/j/0.png", **admin)
    assert (told.body, told.headers["Cache-Control"]) == (b"png", "private, max-age=3600")
    told = await platform.ask("GET", address)
    assert told.status == 401
