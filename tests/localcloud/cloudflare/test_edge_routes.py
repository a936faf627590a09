from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from localcloud.cloudflare.edge import refusal
from localcloud.cloudflare.errors import InvalidVersionError, UnavailableError
from tests.localcloud.cloudflare.emulator import CONTROL, TOKEN, A, Z, client_of, secret, version_body

if TYPE_CHECKING:
    from tests.localcloud.cloudflare.emulator import Api, FakeEdge


@pytest.mark.parametrize("token", [None, TOKEN, "wrong"])
@pytest.mark.parametrize("path", ["/_local/edge", "/_local/edge/versions/x"])
async def test_only_the_local_clouds_own_token_opens_them(app: Any, token: str | None, path: str) -> None:
    async with client_of(app, token) as client:
        assert (await client.get(path)).status_code == 401


async def test_a_version_that_does_not_exist_is_not_found(app: Any) -> None:
    async with client_of(app, CONTROL) as client:
        assert (await client.get("/_local/edge/versions/none")).status_code == 404


async def test_the_edge_is_given_all_it_needs_to_serve(api: Api, app: Any) -> None:
    await api.ok("POST", f"{A}/r2/buckets", {"name": "media"})
    media = {"type": "r2_bucket", "name": "MEDIA", "bucket_name": "media"}
    version = await api.deployed(bindings=[secret("KEY", "k"), media])
    route = {"pattern": "api.alphogen.localhost/*", "script": "alphogenai-worker"}
    made = await api.ok("POST", f"{Z}/workers/routes", route)
    async with client_of(app, CONTROL) as client:
        state = (await client.get("/_local/edge")).json()
        code = (await client.get(f"/_local/edge/versions/{version['id']}")).json()
    assert state["routes"] == [{**made, "zone": "alphogen.localhost"}]
    assert state["scripts"]["alphogenai-worker"]["versions"][0] == {
        "version_id": version["id"],
        "percentage": 100,
    }
    assert code == {
        "version_id": version["id"],
        "script": "alphogenai-worker",
        "main_module": "entry.py",
        "compatibility_date": "2024-11-01",
        "compatibility_flags": ["python_workers"],
        "modules": version_body()["modules"],
        "bindings": [secret("KEY", "k"), media],
    }


async def test_the_edge_is_not_asked_when_nothing_that_it_serves_changes(api: Api, edge: FakeEdge) -> None:
    await api.deployed()
    before = edge.syncs
    await api.ok("PATCH", f"{A}/workers/workers/alphogenai-worker", {"tags": ["a"]})
    await api.version()
    await api.ok("POST", f"{A}/r2/buckets", {"name": "media"})
    assert edge.syncs == before


async def test_two_secrets_at_once_are_both_kept(api: Api) -> None:
    await api.deployed()
    secrets = f"{A}/workers/scripts/alphogenai-worker/secrets"
    await asyncio.gather(*(api.ok("PUT", secrets, secret(name, "x")) for name in ("A", "B", "C")))
    assert [one["name"] for one in await api.ok("GET", secrets)] == ["A", "B", "C"]


async def test_a_change_under_way_is_seen_by_nobody_but_the_edge(
    api: Api, edge: FakeEdge, monkeypatch: pytest.MonkeyPatch
) -> None:
    await api.worker()
    seen = []
    check = edge.check

    async def looking(version_id: str) -> int:
        path = f"{A}/workers/workers/alphogenai-worker/versions"
        seen.append(await api.ok("GET", path))
        return await check(version_id)

    monkeypatch.setattr(edge, "check", looking)
    version = await api.version()
    assert seen == [[]]
    assert version["id"] in edge.versions


def test_the_programs_own_error_is_told_with_its_traceback() -> None:
    error = refusal(422, {"ok": False, "error": "SyntaxError: bad", "detail": "File entry.py, line 3"})
    assert isinstance(error, InvalidVersionError)
    assert error.message == "Uncaught SyntaxError: bad\nFile entry.py, line 3"


def test_any_other_failure_of_the_edge_says_what_to_do() -> None:
    error = refusal(500, {"error": "out of memory"})
    assert isinstance(error, UnavailableError)
    assert "out of memory" in error.message
    assert "ops local logs edge" in error.message
