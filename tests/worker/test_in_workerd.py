"""The worker as clients meet it: over HTTP, in the real runtime."""

from __future__ import annotations

import json
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpx
import jwt
import pytest

from api.domain import signatures
from api.domain.job import State
from api.usecases import reconciliation
from tests.worker.memory_platform import SETTINGS
from tests.worker.real_workerd import Workerd, bindings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from api.settings import Settings
    from tests.worker.stand_ins import StandIns


USER = "6f1b2c3d-0000-4000-8000-000000000001"


@pytest.fixture(scope="module")
def workerd(tmp_path_factory: pytest.TempPathFactory, stand_ins: StandIns) -> Iterator[Workerd]:
    folder = tmp_path_factory.mktemp("workerd")
    runtime = Workerd(folder, bindings(SETTINGS, stand_ins.url), r2_port=stand_ins.port)
    yield runtime
    runtime.stop()


@pytest.fixture
def client(workerd: Workerd) -> Iterator[httpx.Client]:
    with httpx.Client(base_url=workerd.url, timeout=30) as client:
        yield client


def _curl(*arguments: str) -> Any:
    done = subprocess.run(["curl", "-s", *arguments], check=True, capture_output=True, text=True, timeout=30)
    return done.stdout


def test_the_documentations_commands_give_the_documented_answers(
    workerd: Workerd, settings: Settings
) -> None:
    url, bearer = workerd.url, f"Authorization: Bearer {settings.app_admin_token}"
    as_json = ("-H", "Content-Type: application/json")
    assert json.loads(_curl(f"{url}/health"))["ok"] is True
    secret = f"X-Webhook-Secret: {settings.webhook_secret}"
    told = _curl("-X", "POST", f"{url}/webhooks/test", "-H", secret, *as_json, "-d", '{"test": true}')
    assert json.loads(told)["ok"] is True
    text = ("-H", "Content-Type: text/plain", "-d", "Hello World")
    stored = json.loads(_curl("-X", "PUT", f"{url}/assets/test.txt", "-H", bearer, *text))
    assert (stored["ok"], stored["key"], stored["size"]) == (True, "test.txt", 11)
    assert _curl(f"{url}/assets/test.txt") == "Hello World"
    told = json.loads(
        _curl("-X", "POST", f"{url}/jobs", "-H", bearer, *as_json, "-d", '{"prompt": "test video"}')
    )
    assert (told["ok"], told["status"], told["provider"]) == (True, "submitted", "runpod")
    job = json.loads(_curl(f"{url}/jobs/{told['job_id']}", "-H", bearer))
    assert job == {"id": told["provider_job_id"], "status": "IN_PROGRESS", "delayTime": 3}
    assert json.loads(_curl("-X", "POST", f"{url}/jobs")) == {"ok": False, "error": "unauthorized"}


def test_every_answer_has_its_own_request_id_and_the_log_says_it(
    workerd: Workerd, client: httpx.Client
) -> None:
    paths = ("/health", "/nope", "/me", "/assets/nope", "/credits", "/api/notifications", "/health")
    answers = [client.get(path) for path in paths]
    named = [answer.headers["x-request-id"] for answer in answers]
    assert len(set(named)) == len(named)
    assert all(answer.headers["x-content-type-options"] == "nosniff" for answer in answers)
    assert f'"request_id":"{named[1]}"' in workerd.log


def test_each_family_refuses_in_its_own_words(client: httpx.Client) -> None:
    assert client.get("/jobs").json() == {"ok": False, "error": "unauthorized"}
    assert client.get("/credits").json() == {"detail": "Unauthorized", "code": "UNAUTHORIZED"}
    assert client.get("/api/images/user").json() == {"error": "Unauthorized"}
    assert client.get("/api/nope").json()["error"] == "Not found"


def test_requests_side_by_side_keep_their_own_ids(workerd: Workerd) -> None:
    def ask(index: int) -> tuple[str, str]:
        path = f"/assets/missing-{index}"
        return path, httpx.get(workerd.url + path).headers["x-request-id"]

    with ThreadPoolExecutor(8) as pool:
        asked = list(pool.map(ask, range(40)))
    lines = [json.loads(line) for line in workerd.log.splitlines() if line.startswith("{")]
    logged = {line.get("path"): line["request_id"] for line in lines}
    assert all(logged[path] == request_id for path, request_id in asked)


def test_large_files_stream_through_unchanged(client: httpx.Client, admin: dict[str, str]) -> None:
    content = bytes(range(256)) * 16_384  # 4 MiB
    stored = client.put("/assets/big.bin", content=content, headers=admin)
    assert (stored.status_code, stored.json()["size"]) == (200, len(content))
    assert stored.json()["content_type"] == "application/octet-stream"
    got = client.get("/assets/big.bin")
    assert got.content == content
    assert got.headers["content-length"] == str(len(content))
    assert got.headers["etag"] == stored.json()["etag"]


def test_parts_conditions_and_heads(client: httpx.Client, admin: dict[str, str]) -> None:
    etag = client.put("/assets/part.txt", content=b"Hello World", headers=admin).json()["etag"]
    for asked, expected in (
        ("bytes=0-4", b"Hello"),
        ("bytes=6-", b"World"),
        ("bytes=-5", b"World"),
        ("bytes=0-99", b"Hello World"),
    ):
        part = client.get("/assets/part.txt", headers={"range": asked})
        assert (part.status_code, part.content) == (206, expected)
        assert part.headers["content-range"].endswith("/11")
    outside = client.get("/assets/part.txt", headers={"range": "bytes=11-"})
    assert (outside.status_code, outside.headers["content-range"]) == (416, "bytes */11")
    same = client.get("/assets/part.txt", headers={"if-none-match": etag})
    assert (same.status_code, same.content, same.headers["etag"]) == (304, b"", etag)
    head = client.head("/assets/part.txt")
    assert (head.status_code, head.headers["content-length"], head.headers["accept-ranges"]) == (
        200,
        "11",
        "bytes",
    )
    assert client.get("/assets/part.txt?download=1").headers["content-disposition"].startswith("attachment")
    assert client.delete("/assets/part.txt", headers=admin).json()["size"] == 11
    assert client.get("/assets/part.txt").status_code == 404
    assert client.delete("/assets/part.txt", headers=admin).status_code == 404


def test_an_empty_file_is_a_file(client: httpx.Client, admin: dict[str, str]) -> None:
    assert client.put("/assets/empty", content=b"", headers=admin).json()["size"] == 0
    assert client.get("/assets/empty").content == b""


@pytest.mark.parametrize("key", ["", "a%2F..%2Fb", "%00", "%FF", "x" * 1025])
def test_a_bad_key_is_refused(client: httpx.Client, admin: dict[str, str], key: str) -> None:
    assert client.put(f"/assets/{key}", content=b"x", headers=admin).status_code == 400


def test_an_empty_header_is_not_a_missing_one(client: httpx.Client, stand_ins: StandIns) -> None:
    issuer = f"{stand_ins.url}/auth/v1"
    claims = {"iss": issuer, "aud": "authenticated", "sub": USER, "exp": time.time() + 60}
    token = jwt.encode(claims, SETTINGS.supabase_jwt_secret, "HS256")
    headers = {"authorization": f"Bearer {token}", "idempotency-key": ""}
    told = client.post("/jobs/create", json={"prompt": "x"}, headers=headers)
    assert (told.status_code, told.json()["field"]) == (400, "Idempotency-Key")


def test_an_upload_without_a_length_is_refused(client: httpx.Client, admin: dict[str, str]) -> None:
    assert client.put("/assets/a", content=iter([b"x", b"y"]), headers=admin).status_code == 411


def test_a_json_body_without_a_length_is_read(client: httpx.Client, admin: dict[str, str]) -> None:
    headers = {**admin, "content-type": "application/json"}
    told = client.post("/jobs", content=iter([b'{"prompt":', b'"x"}']), headers=headers)
    assert told.status_code == 200
    told = client.post("/jobs", content=iter([b" " * 40_000] * 3), headers=headers)
    assert told.status_code == 413


@pytest.mark.parametrize(
    ("content", "content_type", "status"),
    [
        (b"{", "application/json", 400),
        (b"[" * 60_000, "application/json", 400),
        (b"\xff", "application/json", 400),
        (b'{"prompt":"\\u0000"}', "application/json", 400),
        (b'{"prompt":1}', "application/json", 400),
        (b"", "application/json", 400),
        (b"x" * 70_000, "application/json", 413),
        (b"a=1", "application/x-www-form-urlencoded", 415),
    ],
)
def test_bad_input_is_never_our_failure(
    client: httpx.Client, admin: dict[str, str], content: bytes, content_type: str, status: int
) -> None:
    told = client.post("/jobs", content=content, headers={**admin, "content-type": content_type})
    assert (told.status_code, told.json()["ok"]) == (status, False)


def test_the_renderer_stores_its_files_and_runpod_reports(
    client: httpx.Client, stand_ins: StandIns, admin: dict[str, str], workerd: Workerd
) -> None:
    submitted = client.post("/jobs", json={"prompt": "x", "kind": "image"}, headers=admin).json()
    job_id, provider_job_id = submitted["job_id"], submitted["provider_job_id"]
    sent = stand_ins.world.runs[-1]
    (upload,) = sent["input"]["uploads"]
    assert upload["url"].startswith(f"{workerd.url}/media/media/{job_id}/0.png?expires=")
    assert httpx.put(upload["url"], content=b"png", headers={"content-type": "image/png"}).status_code == 200
    assert httpx.put(upload["url"] + "0", content=b"png").status_code == 401
    output = {"files": [{"key": upload["key"]}]}
    report = {"id": provider_job_id, "status": "COMPLETED", "output": output}
    assert httpx.post(sent["webhook"], json=report).json() == {"ok": True, "known": True, "changed": True}
    assert httpx.post(sent["webhook"], json=report).json() == {"ok": True, "known": True, "changed": False}
    assert httpx.post(sent["webhook"] + "0", json=report).status_code == 401
    assert client.get(f"/assets/{upload['key']}").status_code == 401
    assert client.get(f"/assets/{upload['key']}", headers=admin).content == b"png"
    told = client.post(f"/jobs/{job_id}/cancel", headers=admin)
    assert (told.status_code, told.json()["status"]) == (409, "completed")
    page = client.get("/jobs?status=completed", headers=admin).json()
    assert job_id in [job["id"] for job in page["jobs"]]


def test_a_provider_that_refuses_is_told_as_such(
    client: httpx.Client, stand_ins: StandIns, admin: dict[str, str]
) -> None:
    stand_ins.world.refusing = True
    try:
        told = client.post("/jobs", json={"prompt": "x"}, headers=admin)
    finally:
        stand_ins.world.refusing = False
    assert (told.status_code, told.json()["error"]) == (502, "provider_error")
    assert stand_ins.world.database.jobs[told.json()["job_id"]].status == "error"


def test_the_documentation_lists_what_is_served(client: httpx.Client) -> None:
    told = client.get("/openapi.json").json()
    assert told["openapi"] == "3.1.0"
    assert {"/health", "/jobs/{id}", "/assets/{key}", "/openapi.json"} <= set(told["paths"])


def test_deep_health_and_metrics(client: httpx.Client, admin: dict[str, str]) -> None:
    told = client.get("/health?deep=1", headers=admin)
    assert told.status_code == 200
    assert {probe["ok"] for probe in told.json()["probes"].values()} == {True}
    assert client.get("/metrics", headers=admin).json()["queue_seconds"] == {"p50": 1, "p95": 2, "p99": 3}
    text = client.get("/metrics", headers={**admin, "accept": "text/plain"})
    assert text.headers["content-type"].startswith("text/plain")


def test_a_scheduled_event_settles_what_went_silent_and_logs_one_line(
    workerd: Workerd, client: httpx.Client, stand_ins: StandIns, admin: dict[str, str]
) -> None:
    job_id = client.post("/jobs", json={"prompt": "x"}, headers=admin).json()["job_id"]
    stand_ins.world.database.now += reconciliation.SILENT_SECONDS + 1
    told = workerd.log.count('"message":"silent jobs settled"')
    while (
        stand_ins.world.database.jobs[job_id].status is not State.RUNNING
    ):  # what other tests left comes first
        assert workerd.scheduled().status_code == 200
        told += 1
        lines = [line for line in workerd.log.splitlines() if '"message":"silent jobs settled"' in line]
        assert len(lines) == told
        assert json.loads(lines[-1])["claimed"] > 0


def test_a_database_that_does_not_answer_is_the_events_outcome(
    workerd: Workerd, stand_ins: StandIns, settings: Settings
) -> None:
    stand_ins.world.database.down.add("claim_silent")
    try:
        ended = workerd.scheduled()
    finally:
        stand_ins.world.database.down.clear()
    assert (ended.status_code, ended.json()["error"].split(":")[0]) == (422, "UnavailableError")
    assert not any(secret in ended.text for secret in settings.secrets if secret)


def test_no_secret_is_in_any_answer_log_or_event(
    workerd: Workerd, client: httpx.Client, stand_ins: StandIns, settings: Settings, admin: dict[str, str]
) -> None:
    secrets = [secret for secret in settings.secrets if secret]
    headers = {**admin, "x-webhook-secret": settings.webhook_secret, "cookie": f"a={settings.runpod_api_key}"}
    answers = [
        client.request(method, path, headers=headers, json={"leak": secrets, "prompt": secrets[0]})
        for method, path in (
            ("POST", "/webhooks/test"),
            ("POST", "/webhooks/runpod"),
            ("POST", "/jobs"),
            ("POST", f"/{secrets[0]}"),
            ("GET", f"/jobs/{secrets[2]}"),
            ("GET", "/jobs"),
            ("GET", "/health?deep=1"),
            ("GET", "/openapi.json"),
        )
    ]
    token = signatures.job_token(settings.webhook_secret, USER)
    httpx.post(f"{workerd.url}/webhooks/runpod?job={USER}&token={token}", json={})
    seen = [answer.text + str(answer.headers) for answer in answers]
    seen += [workerd.log, json.dumps(stand_ins.world.database.events)]
    for secret in (*secrets, token):
        assert not any(secret in text for text in seen), secret
    assert stand_ins.world.database.events


def test_a_worker_without_its_secrets_still_answers(
    tmp_path_factory: pytest.TempPathFactory, admin: dict[str, str], settings: Settings
) -> None:
    runtime = Workerd(tmp_path_factory.mktemp("bare"), {"APP_ADMIN_TOKEN": settings.app_admin_token})
    try:
        health = httpx.get(f"{runtime.url}/health").json()
        assert (health["ok"], health["features"]) == (True, ["secure_api"])
        told = httpx.post(f"{runtime.url}/jobs", json={"prompt": "x"}, headers=admin)
        assert (told.status_code, told.json()["provider"]) == (202, "noop")
        assert httpx.get(f"{runtime.url}/me").status_code == 501
        assert httpx.put(f"{runtime.url}/assets/a", content=b"x", headers=admin).status_code == 501
        assert httpx.get(f"{runtime.url}/jobs", headers=admin).status_code == 501
        logged = runtime.log
        assert runtime.scheduled().status_code == 200
        assert runtime.log == logged
    finally:
        runtime.stop()
