"""A worker that keeps its files at S3: over HTTP, in the real runtime, with moto's S3."""

from __future__ import annotations

import threading
import time
import urllib.request
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

import httpx
import jwt
import pytest

from api.adapters.s3 import TIMEOUT_MS
from tests.worker.memory_platform import SETTINGS
from tests.worker.moto import Moto
from tests.worker.real_workerd import Workerd, bindings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

    from tests.worker.stand_ins import StandIns

USER = "6f1b2c3d-0000-4000-8000-000000000001"
BOUND = ("media_storage", "s3_bucket", "s3_region", "s3_endpoint", "s3_access_key_id", "s3_secret_access_key")


@pytest.fixture(scope="module")
def moto(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Moto]:
    moto = Moto(tmp_path_factory.mktemp("moto"))
    yield moto
    moto.stop()


def _bindings(moto: Moto, stand_ins: StandIns) -> dict[str, str]:
    settings = moto.settings(SETTINGS)
    return {**bindings(settings, stand_ins.url), **{name.upper(): getattr(settings, name) for name in BOUND}}


@pytest.fixture(scope="module")
def workerd(tmp_path_factory: pytest.TempPathFactory, stand_ins: StandIns, moto: Moto) -> Iterator[Workerd]:
    # R2 is bound too, as on every stack.
    runtime = Workerd(tmp_path_factory.mktemp("workerd"), _bindings(moto, stand_ins), r2_port=stand_ins.port)
    yield runtime
    runtime.stop()


@pytest.fixture
def client(workerd: Workerd) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=workerd.url, timeout=30) as client:
        yield client


@pytest.fixture
def checked(moto: Moto) -> Iterator[Moto]:
    """Have the signature of each request checked."""
    with moto.strict():
        yield moto


@pytest.mark.usefixtures("checked")
@pytest.mark.parametrize("key", ["part.txt", "d/%C3%A9%20a+b~c.txt", "a//b", "100%25", "a%3Fb%23c&d=e"])
def test_parts_conditions_and_heads(client: httpx.Client, admin: dict[str, str], key: str) -> None:
    path = f"/assets/{key}"
    assert client.get(path).status_code == 404
    assert client.head(path).status_code == 404
    headers = {**admin, "content-type": "text/plain"}
    stored = client.put(path, content=b"Hello World", headers=headers).json()
    assert (stored["ok"], stored["size"], stored["content_type"]) == (True, 11, "text/plain")
    whole = client.get(path)
    assert (whole.content, whole.headers["content-type"], whole.headers["etag"]) == (
        b"Hello World",
        "text/plain",
        stored["etag"],
    )
    for asked, expected in (
        ("bytes=0-4", b"Hello"),
        ("bytes=6-", b"World"),
        ("bytes=-5", b"World"),
        ("bytes=0-99", b"Hello World"),
    ):
        part = client.get(path, headers={"range": asked})
        assert (part.status_code, part.content) == (206, expected)
        assert part.headers["content-range"].endswith("/11")
    outside = client.get(path, headers={"range": "bytes=11-"})
    assert (outside.status_code, outside.headers["content-range"]) == (416, "bytes */11")
    assert client.get(path, headers={"if-none-match": stored["etag"]}).status_code == 304
    assert client.head(path).headers["content-length"] == "11"
    assert client.delete(path, headers=admin).json()["size"] == 11
    assert client.get(path).status_code == 404
    assert client.delete(path, headers=admin).status_code == 404


@pytest.mark.usefixtures("checked")
def test_large_and_empty_files_stream_through_unchanged(client: httpx.Client, admin: dict[str, str]) -> None:
    content = bytes(range(256)) * 16_384  # 4 MiB
    stored = client.put("/assets/big.bin", content=content, headers=admin)
    assert (stored.status_code, stored.json()["size"]) == (200, len(content))
    got = client.get("/assets/big.bin")
    assert got.content == content
    assert got.headers["content-length"] == str(len(content))
    assert client.put("/assets/empty", content=b"", headers=admin).json()["size"] == 0
    assert client.get("/assets/empty").content == b""
    assert client.get("/assets/empty", headers={"range": "bytes=0-"}).status_code == 416


@pytest.mark.parametrize("content_type", [b"\xc3\xa9", b"text/plain;   charset=utf-8", b"a\tb"])
def test_any_type_of_a_file_is_taken(
    client: httpx.Client, admin: dict[str, str], checked: Moto, content_type: bytes
) -> None:
    del checked
    headers = [(b"authorization", admin["authorization"].encode()), (b"content-type", content_type)]
    assert client.put("/assets/typed", content=b"x", headers=headers).status_code == 200


@pytest.fixture
def user(stand_ins: StandIns) -> dict[str, str]:
    claims = {"iss": f"{stand_ins.url}/auth/v1", "aud": "authenticated", "sub": USER, "exp": time.time() + 60}
    token = jwt.encode(claims, SETTINGS.supabase_jwt_secret, "HS256")
    return {"authorization": f"Bearer {token}"}


def test_the_renderer_stores_at_s3_and_the_user_fetches_there(  # noqa: PLR0913, PLR0917 - all who take part
    client: httpx.Client,
    stand_ins: StandIns,
    moto: Moto,
    user: dict[str, str],
    admin: dict[str, str],
    workerd: Workerd,
) -> None:
    job_id = client.post("/jobs/create", json={"prompt": "x"}, headers=user).json()["jobId"]
    sent = stand_ins.world.runs[-1]
    (upload,) = sent["input"]["uploads"]
    assert upload["url"].startswith(f"{moto.url}/alphogenai-media/media/{job_id}/0.mp4?X-Amz-Algorithm=")
    told = httpx.put(upload["url"], content=b"video", headers={"content-type": upload["content_type"]})
    assert told.status_code == 200
    assert moto.content(upload["key"]) == (b"video", "video/mp4")
    provider_job_id = stand_ins.world.database.jobs[job_id].provider_job_id
    output = {"files": [{"key": upload["key"]}]}
    report = {"id": provider_job_id, "status": "COMPLETED", "output": output}
    assert httpx.post(sent["webhook"], json=report).json()["changed"] is True
    address = client.get(f"/jobs/{job_id}", headers=user).json()["r2Url"]
    assert address.startswith(f"{moto.url}/alphogenai-media/media/{job_id}/0.mp4?X-Amz-Algorithm=")
    assert "X-Amz-Expires=86400&" in address
    assert httpx.get(address).content == b"video"
    part = httpx.get(address, headers={"range": "bytes=-2"})
    assert (part.status_code, part.content) == (206, b"eo")
    with urllib.request.urlopen(address, timeout=30) as answer:  # noqa: S310 - moto's, on loopback
        assert answer.read() == b"video"
    assert client.get(f"/assets/{upload['key']}").status_code == 401
    assert client.get(f"/assets/{upload['key']}", headers=admin).content == b"video"
    assert "X-Amz-Signature" not in workerd.log


def test_health_names_the_storage_in_use(client: httpx.Client) -> None:
    told = client.get("/health").json()
    assert (told["s3_storage_configured"], told["r2_storage_configured"]) == (True, False)
    assert "s3_storage" in told["features"]


@pytest.mark.usefixtures("checked")
def test_deep_health_asks_s3(client: httpx.Client, admin: dict[str, str]) -> None:
    told = client.get("/health?deep=1", headers=admin)
    assert (told.status_code, told.json()["probes"]["storage"]["ok"]) == (200, True)


@pytest.fixture
def worker(tmp_path: Path, stand_ins: StandIns, moto: Moto) -> Iterator[Callable[..., Workerd]]:
    """Boot a worker some of whose bindings are others."""
    booted: list[Workerd] = []

    def boot(**changed: str) -> Workerd:
        bound = {**_bindings(moto, stand_ins), **changed}
        booted.append(Workerd(tmp_path, bound, r2_port=stand_ins.port))
        return booted[-1]

    yield boot
    for runtime in booted:
        runtime.stop()


@pytest.mark.usefixtures("checked")
def test_a_key_that_s3_refuses_is_our_failure_and_told_to_whoever_watches(
    worker: Callable[..., Workerd], admin: dict[str, str]
) -> None:
    wrong = "canary-wrong-secret-000000000000000000"
    runtime = worker(S3_SECRET_ACCESS_KEY=wrong)
    told = httpx.get(f"{runtime.url}/health?deep=1", headers=admin, timeout=30)
    storage = told.json()["probes"]["storage"]
    assert (told.status_code, storage["ok"], storage["error"]) == (503, False, "the storage answered 403")
    told = httpx.get(f"{runtime.url}/assets/a")
    assert (told.status_code, told.json()["error"]) == (503, "storage_unavailable")
    assert told.json()["message"] == "the storage answered 403 SignatureDoesNotMatch"
    told = httpx.put(f"{runtime.url}/assets/a", content=b"x" * 100_000, headers=admin, timeout=30)
    assert told.status_code == 503
    assert wrong not in runtime.log + told.text


def test_an_s3_that_is_half_bound_stores_nothing_rather_than_elsewhere(
    worker: Callable[..., Workerd], admin: dict[str, str]
) -> None:
    runtime = worker(S3_SECRET_ACCESS_KEY="")
    health = httpx.get(f"{runtime.url}/health").json()
    assert (health["s3_storage_configured"], health["r2_storage_configured"]) == (False, False)
    told = httpx.put(f"{runtime.url}/assets/a", content=b"x", headers=admin)
    assert (told.status_code, told.json()["error"]) == (501, "storage_not_configured")


class _Slow(BaseHTTPRequestHandler):
    """Never answers a HEAD; begins to answer a GET at once and ends when a HEAD would have been given up."""

    def do_HEAD(self) -> None:
        self.close_connection = True
        _until_given_up()

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"a")
        _until_given_up()
        self.wfile.write(b"b")

    def log_message(self, *_: object) -> None:
        """Keep the tests' output quiet."""


def _until_given_up() -> None:
    time.sleep(TIMEOUT_MS / 1000 + 1)


@pytest.fixture
def slow() -> Iterator[str]:
    with ThreadingHTTPServer(("127.0.0.1", 0), _Slow) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def test_an_answer_is_waited_for_in_bounded_time_and_a_download_takes_as_long_as_it_takes(
    worker: Callable[..., Workerd], admin: dict[str, str], slow: str
) -> None:
    url = worker(S3_ENDPOINT=slow).url
    with ThreadPoolExecutor() as pool:
        health = pool.submit(httpx.get, f"{url}/health?deep=1", headers=admin, timeout=30)
        download = pool.submit(httpx.get, f"{url}/assets/a", timeout=30)
    storage = health.result().json()["probes"]["storage"]
    assert storage["error"] == "the storage gave no answer: no answer in time"
    assert storage["latency_ms"] < 2 * TIMEOUT_MS
    assert download.result().content == b"ab"
