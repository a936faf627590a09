"""The S3 driver: every way in which an answer can be wrong, and moto's S3.

Moto checks the signatures of requests. Those of addresses it does not, nor their expiry: that they are what
S3 wants, and bind all they should, is shown in `domain/test_sigv4.py` against botocore.
"""

from __future__ import annotations

import time
import urllib.request
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from api.adapters.s3 import S3, SLOWEST, TIMEOUT_MS
from api.domain import ranges
from api.domain.job import Kind
from api.domain.ranges import Range
from api.errors import UnavailableError, UnsatisfiableError
from api.ports import Stored
from api.upstreams import FetchError, Transferred
from api.usecases import submission
from tests.worker.memory_platform import NOW, SETTINGS, Clock, Platform
from tests.worker.moto import Moto

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.settings import Settings

AMAZONS = replace(
    SETTINGS,
    media_storage="s3",
    s3_bucket="alphogenai-media",
    s3_region="eu-west-3",
    s3_access_key_id="AKIDEXAMPLE",
    s3_secret_access_key="canary-s3-secret-0000000000000000000000",
)
TYPE = {"content-type": "text/plain", "etag": '"e"'}
WHOLE, PART = {**TYPE, "content-length": "11"}, {**TYPE, "content-range": "bytes 6-10/11"}
AWKWARD = ("media/j/0.png", "é à+b~c/0 1.png", "a//b", "/a", "100%", "a&b=c;d?e#f", "'()*!:@$,", "%2e%2E")


class Scripted:
    """A `Transfer` that gives its answers one after the other and remembers what was asked."""

    def __init__(self, *answers: Transferred | FetchError) -> None:
        self._answers = list(answers)
        self.asked: list[tuple[str, str, dict[str, str], Any, int]] = []

    async def __call__(
        self, method: str, url: str, headers: dict[str, str], stream: Any, timeout_ms: int
    ) -> Transferred:
        self.asked.append((method, url, headers, stream, timeout_ms))
        answer = self._answers.pop(0)
        if isinstance(answer, FetchError):
            raise answer
        return answer


def _answer(status: int, headers: dict[str, str] | None = None, code: str = "") -> Transferred:
    text = f"<Error><Code>{code}</Code><Message>secret</Message></Error>" if code else ""
    return Transferred(status, headers or {}, "stream" if status < 300 else None, text)


def _storage(*answers: Transferred | FetchError) -> tuple[S3, Scripted]:
    transfer = Scripted(*answers)
    return S3(AMAZONS, transfer, Clock()), transfer


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (FetchError("no answer in time"), "gave no answer: no answer in time"),
        (_answer(403, code="SignatureDoesNotMatch"), "answered 403 SignatureDoesNotMatch"),
        (_answer(404, code="NoSuchBucket"), "answered 404 NoSuchBucket"),
        (_answer(307), "answered 307"),
        (_answer(503, code="SlowDown"), "answered 503 SlowDown"),
    ],
)
async def test_a_storage_that_fails_is_unavailable_and_says_how(
    answer: Transferred | FetchError, words: str
) -> None:
    storage, _ = _storage(*[answer] * 6)
    for call in (
        storage.open("a", None),
        storage.open("a", Range(0, 1)),
        storage.head("a"),
        storage.put("a", None, 0, "text/plain"),
        storage.delete("a"),
        storage.health(),
    ):
        with pytest.raises(UnavailableError) as caught:
            await call
        assert (caught.value.message, caught.value.code) == (f"the storage {words}", "storage_unavailable")


@pytest.mark.parametrize(
    ("part", "answer"),
    [
        (None, _answer(200, TYPE)),
        (None, _answer(200, {**TYPE, "content-length": "²"})),
        (Range(6, 10), _answer(206, TYPE)),
        (Range(6, 10), _answer(206, {**TYPE, "content-range": "bytes 6-10/*"})),
    ],
)
async def test_an_answer_without_a_size_is_no_answer(part: Range | None, answer: Transferred) -> None:
    storage, _ = _storage(answer)
    with pytest.raises(UnavailableError, match="did not tell"):
        await storage.open("a", part)


async def test_a_part_outside_the_file_is_refused_with_the_files_size() -> None:
    storage, _ = _storage(_answer(416, code="InvalidRange"), _answer(200, WHOLE))
    with pytest.raises(UnsatisfiableError) as caught:
        await storage.open("a", Range(11, None))
    assert caught.value.headers == {"Content-Range": "bytes */11"}
    storage, _ = _storage(_answer(416, code="InvalidRange"), _answer(404))
    assert await storage.open("a", Range(11, None)) is None  # removed meanwhile


async def test_a_file_that_is_not_there_is_none_and_its_removal_no_error() -> None:
    storage, _ = _storage(_answer(404), _answer(404, code="NoSuchKey"), _answer(404, code="NoSuchKey"))
    assert await storage.head("a") is None
    assert await storage.open("a", None) is None
    await storage.delete("a")


async def test_a_storage_that_knows_no_ranges_gives_the_whole_file() -> None:
    storage, transfer = _storage(_answer(200, WHOLE), _answer(206, PART))
    whole, part = await storage.open("a", Range(6, None)), await storage.open("a", Range(None, 5))
    assert whole
    assert part
    assert (whole.stored.size, whole.stream, whole.part) == (11, "stream", None)
    assert (part.stored.size, part.stream, part.part) == (11, "stream", (6, 5))
    assert [asked[2]["Range"] for asked in transfer.asked] == ["bytes=6-", "bytes=-5"]


@given(st.builds(Range, st.integers(0, 10**17), st.none() | st.integers(10**17, 10**18 - 1)))
def test_a_range_is_asked_for_as_it_was_asked(part: Range) -> None:
    assert ranges.parse(part.header) == part


async def test_every_call_is_one_request_in_bounded_time_at_amazons_host_of_the_bucket() -> None:
    storage, transfer = _storage(_answer(200, WHOLE), _answer(200, TYPE), _answer(204), _answer(200))
    await storage.head("é/a b")
    await storage.put("big", "stream", 100_000_000, "video/mp4")
    await storage.delete("a")
    await storage.health()
    host = "https://alphogenai-media.s3.eu-west-3.amazonaws.com"
    assert [(asked[:2], asked[3:]) for asked in transfer.asked] == [
        (("HEAD", f"{host}/%C3%A9/a%20b"), (None, TIMEOUT_MS)),
        (("PUT", f"{host}/big"), ("stream", TIMEOUT_MS + 100_000_000 // SLOWEST)),
        (("DELETE", f"{host}/a"), (None, TIMEOUT_MS)),
        (("HEAD", f"{host}/"), (None, TIMEOUT_MS)),
    ]
    assert {asked[2]["x-amz-content-sha256"] for asked in transfer.asked} == {"UNSIGNED-PAYLOAD"}
    assert AMAZONS.s3_secret_access_key not in str(transfer.asked)


@pytest.mark.parametrize("content_type", ["é", "a\tb", "a\x7f"])
async def test_a_type_that_no_header_can_hold_is_not_kept(content_type: str) -> None:
    storage, transfer = _storage(_answer(200, TYPE))
    stored = await storage.put("a", "stream", 1, content_type)
    assert stored.content_type == transfer.asked[0][2]["Content-Type"] == "application/octet-stream"


async def _transfer(
    method: str, url: str, headers: dict[str, str], stream: Any, timeout_ms: int
) -> Transferred:
    """The `Transfer` port on httpx; streams are bytes."""
    try:
        async with httpx.AsyncClient(timeout=timeout_ms / 1000) as client:
            answer = await client.request(method, url, headers=headers, content=stream)
    except httpx.TransportError as error:
        raise FetchError("no connection") from error
    told = {name.lower(): value for name, value in answer.headers.items()}
    if method == "GET" and answer.is_success:
        return Transferred(answer.status_code, told, answer.content, "")
    return Transferred(answer.status_code, told, None, answer.text)


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    moto = Moto(tmp_path_factory.mktemp("moto"))
    yield moto
    moto.stop()


@pytest.fixture
def bound(moto: Moto, settings: Settings) -> Settings:
    return moto.settings(settings)


@pytest.fixture
def storage(bound: Settings) -> S3:
    return S3(bound, _transfer, time.time)


@pytest.mark.parametrize("key", AWKWARD)
async def test_a_file_is_stored_read_whole_and_in_part_and_removed(moto: Moto, storage: S3, key: str) -> None:
    with moto.strict():
        assert await storage.head(key) is None
        assert await storage.open(key, None) is None
        stored = await storage.put(key, b"Hello World", 11, "text/plain;  charset=utf-8")
        assert stored == Stored(key, 11, '"b10a8db164e0754105b7a99be72e3fe5"', "text/plain;  charset=utf-8")
        assert await storage.head(key) == stored
        for asked, expected, part in (
            (None, b"Hello World", None),
            (Range(0, 4), b"Hello", (0, 5)),
            (Range(6, None), b"World", (6, 5)),
            (Range(None, 5), b"World", (6, 5)),
            (Range(0, 99), b"Hello World", (0, 11)),
        ):
            opened = await storage.open(key, asked)
            assert opened
            assert (opened.stored, opened.stream, opened.part) == (stored, expected, part)
        with pytest.raises(UnsatisfiableError):
            await storage.open(key, Range(11, None))
        await storage.delete(key)
        await storage.delete(key)
        assert await storage.head(key) is None


async def test_an_empty_file_is_a_file(moto: Moto, storage: S3) -> None:
    with moto.strict():
        assert (await storage.put("empty", None, 0, "text/plain")).size == 0
        opened = await storage.open("empty", None)
        assert opened
        assert (opened.stored.size, opened.stream) == (0, b"")
        with pytest.raises(UnsatisfiableError):
            await storage.open("empty", Range(0, None))


@pytest.mark.parametrize(
    ("wrong", "words"),
    [
        ({"s3_secret_access_key": "another"}, "answered 403"),
        ({"s3_access_key_id": "AKIANOBODY"}, "answered 403"),
        ({"s3_bucket": "nobodys-bucket"}, "answered 404"),
        ({"s3_endpoint": "http://127.0.0.1:9"}, "gave no answer"),
    ],
)
async def test_health_tells_what_is_wrong_with_the_settings(
    moto: Moto, bound: Settings, storage: S3, wrong: dict[str, str], words: str
) -> None:
    with moto.strict():
        await storage.health()
        with pytest.raises(UnavailableError, match=words):
            await S3(replace(bound, **wrong), _transfer, time.time).health()


@pytest.mark.parametrize("key", AWKWARD)
def test_plain_clients_upload_and_download_at_signed_addresses(moto: Moto, storage: S3, key: str) -> None:
    expires = int(time.time()) + 60
    upload = storage.upload_address(f"up/{key}", "image/png", expires)
    assert httpx.put(upload, content=b"png", headers={"content-type": "image/png"}).status_code == 200
    assert moto.content(f"up/{key}") == (b"png", "image/png")
    download = storage.download_address(f"up/{key}", expires)
    assert httpx.get(download).content == b"png"
    part = httpx.get(download, headers={"range": "bytes=1-"})
    assert (part.status_code, part.content) == (206, b"ng")
    with urllib.request.urlopen(download, timeout=30) as answer:  # noqa: S310 - moto's, on loopback
        assert answer.read() == b"png"


def test_an_address_is_signed_from_now_until_it_expires() -> None:
    storage, _ = _storage()
    query = httpx.URL(storage.download_address("a", int(NOW) + 86_400)).params
    assert (query["X-Amz-Date"], query["X-Amz-Expires"]) == ("20270115T080000Z", "86400")


def test_addresses_at_s3_need_none_of_the_workers_own_secrets() -> None:
    storage, _ = _storage()
    bare = replace(AMAZONS, webhook_secret="", api_origin="")
    core = Platform(bare, media=storage).core  # type: ignore[arg-type]  # the real adapter in memory's place
    body = submission.order(core, "j", submission.Wish(Kind.IMAGE, "x", "512x512", 2, 1, None))
    hosts = {httpx.URL(upload["url"]).host for upload in body["input"]["uploads"]}
    assert (len(body["input"]["uploads"]), hosts) == (2, {"alphogenai-media.s3.eu-west-3.amazonaws.com"})
    assert "webhook" not in body
