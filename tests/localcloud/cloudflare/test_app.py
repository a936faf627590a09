from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.cloudflare.app import failed
from localcloud.cloudflare.call import BODY_BYTES
from localcloud.request_log import RequestLog
from tests.localcloud.cloudflare.emulator import A, client_of

if TYPE_CHECKING:
    from tests.localcloud.cloudflare.emulator import Api

WORKERS = f"{A}/workers/workers"


@pytest.mark.parametrize(
    "path", ["/", "/no/such/path", f"{A}/nothing", "/client/v4/zones/x/y", f"{WORKERS}/"]
)
async def test_an_unknown_path_answers_cloudflares_two_errors(api: Api, path: str) -> None:
    answer = await api.send("GET", path)
    assert answer.status_code == 404
    assert [error["code"] for error in answer.json()["errors"]] == [7003, 7000]


@pytest.mark.parametrize("path", ["/accounts/not-an-id/workers/workers", "/zones/example.com/workers/routes"])
async def test_an_id_of_the_wrong_shape_is_an_unknown_path(api: Api, path: str) -> None:
    status, code, message = await api.refused("GET", path)
    assert (status, code) == (404, 7003)
    assert f"/client/v4{path}" in message


async def test_a_wrong_verb_answers_which_are_allowed(api: Api) -> None:
    answer = await api.send("DELETE", WORKERS)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (405, 10405)
    assert answer.headers["allow"] == "GET, POST"


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"\xff",
        b'{"name": NaN}',
        b'"text"',
        b"[]",
        b"null",
        b'{"name": "\\ud800"}',
        b"[" * 100_000,
        b'{"name": 1' + b"0" * 5000 + b"}",
    ],
)
async def test_a_body_that_is_no_json_object_is_refused(api: Api, body: bytes) -> None:
    assert (await api.refused("POST", WORKERS, content=body))[:2] == (400, 6007)


async def test_a_body_over_the_limit_is_refused(api: Api) -> None:
    assert (await api.refused("POST", WORKERS, content=b" " * (BODY_BYTES + 1)))[:2] == (413, 10027)


async def test_the_api_answers_with_and_without_the_real_ones_prefix(api: Api) -> None:
    await api.worker("w")
    assert await api.ok("GET", f"/client/v4{WORKERS}") == await api.ok("GET", WORKERS)


async def test_health_needs_no_token(app: Any) -> None:
    async with client_of(app, None) as client:
        answer = await client.get("/_local/health")
    assert (answer.status_code, answer.json()) == (200, {"ok": True})


async def test_a_request_writes_one_line_without_query_or_body(
    api: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    await api.refused("POST", f"{WORKERS}?token=planted", {"name": "Planted Body"})
    (line,) = capsys.readouterr().out.splitlines()
    entry = json.loads(line)
    assert (entry["method"], entry["path"], entry["status"], entry["codes"]) == (
        "POST",
        WORKERS,
        400,
        [10026],
    )
    assert entry["ms"] >= 0
    assert "lanted" not in line


async def test_a_fault_inside_answers_an_envelope_and_logs_where_not_what(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def broken(_scope: Any, _receive: Any, _send: Any) -> None:
        raise RuntimeError("planted secret")

    async with client_of(RequestLog(broken, failed)) as client:
        answer = await client.get("/")
    assert answer.status_code == 500
    assert answer.json()["errors"][0]["code"] == 10013
    line = capsys.readouterr().out
    assert json.loads(line)["error"] == "RuntimeError"
    assert "planted" not in line + answer.text
