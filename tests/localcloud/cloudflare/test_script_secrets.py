from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cloudflare.types.workers.scripts import SecretGetResponse, SecretListResponse, SecretUpdateResponse
from cloudflare.types.workers.scripts.secret_bulk_update_response import SecretBulkUpdateResponse

from tests.localcloud.cloudflare.emulator import A, deployment_body, loads_as, secret

if TYPE_CHECKING:
    from pathlib import Path

    from tests.localcloud.cloudflare.emulator import Api, FakeEdge

SCRIPT = f"{A}/workers/scripts/alphogenai-worker"
SECRETS = f"{SCRIPT}/secrets"
BULK = f"{SCRIPT}/secrets-bulk"


async def test_a_worker_without_code_takes_no_secret(api: Api) -> None:
    await api.worker()
    assert (await api.refused("PUT", SECRETS, secret("KEY", "x")))[:2] == (404, 10007)


async def test_a_secret_is_refused_while_the_newest_version_is_not_the_deployed_one(api: Api) -> None:
    first = await api.deployed()
    second = await api.version()
    assert (await api.refused("PUT", SECRETS, secret("KEY", "x")))[:2] == (400, 10215)
    await api.ok("POST", f"{SCRIPT}/deployments", deployment_body(first["id"], second["id"]))
    assert (await api.refused("PUT", SECRETS, secret("KEY", "x")))[:2] == (400, 10215)


async def test_a_name_that_another_binding_holds_is_refused(api: Api) -> None:
    await api.deployed(bindings=[{"type": "plain_text", "name": "KEY", "text": "plain"}])
    assert (await api.refused("PUT", SECRETS, secret("KEY", "x")))[:2] == (400, 10053)


@pytest.mark.parametrize(
    "body",
    [{}, {"name": "A", "type": "secret_text"}, {**secret("A", "x"), "type": "plain_text"}, secret("1A", "x")],
)
async def test_a_body_that_is_no_secret_is_refused(api: Api, body: dict[str, Any]) -> None:
    await api.deployed()
    assert (await api.refused("PUT", SECRETS, body))[:2] == (400, 10026)


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_secret_that_does_not_exist_is_not_found(api: Api, method: str) -> None:
    await api.deployed()
    assert (await api.refused(method, f"{SECRETS}/NONE"))[:2] == (404, 10056)


async def test_a_secret_makes_a_new_version_with_the_same_code_and_deploys_it(
    api: Api, edge: FakeEdge
) -> None:
    first = await api.deployed("alphogenai-worker", bindings=[secret("OLD", "o")])
    made = await api.ok("PUT", SECRETS, secret("KEY", "topsecret"))
    loads_as(SecretUpdateResponse, made)
    (live,) = edge.state["scripts"]["alphogenai-worker"]["versions"]
    version = edge.versions[live["version_id"]]
    assert version["bindings"] == [secret("OLD", "o"), secret("KEY", "topsecret")]
    assert version["modules"] == edge.versions[first["id"]]["modules"]
    path = f"{A}/workers/workers/alphogenai-worker/versions/{live['version_id']}"
    read = await api.ok("GET", path)
    assert (read["number"], read["annotations"]) == (2, {"workers/triggered_by": "secret"})


async def test_no_route_of_the_api_gives_a_text_back_and_the_state_file_holds_none(
    api: Api, state_file: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    await api.deployed(bindings=[secret("A", "planted-secret-1")])
    await api.ok("PUT", SECRETS, secret("B", "planted-secret-2"))
    workers = f"{A}/workers/workers"
    paths = [
        f"{SECRETS}/A",
        f"{SECRETS}/B",
        SECRETS,
        workers,
        f"{workers}/alphogenai-worker/versions",
        f"{A}/workers/scripts",
        f"{SCRIPT}/settings",
        f"{SCRIPT}/deployments",
        SCRIPT,
        f"{A}/workers/services/alphogenai-worker",
    ]
    answers = [(await api.send("GET", path)).text for path in paths]
    kept = b"".join(path.read_bytes() for path in state_file.parent.iterdir())
    told = "".join(capfd.readouterr())
    assert "planted-secret" not in "".join(answers) + told
    assert b"planted-secret" not in kept


async def test_secrets_are_listed_read_and_taken_away(api: Api, edge: FakeEdge) -> None:
    await api.deployed()
    for name in ("B", "A"):
        await api.ok("PUT", SECRETS, secret(name, name))
    listed = await api.ok("GET", SECRETS)
    loads_as(list[SecretListResponse], listed)
    assert [one["name"] for one in listed] == ["A", "B"]
    loads_as(SecretGetResponse, await api.ok("GET", f"{SECRETS}/A"))
    await api.ok("DELETE", f"{SECRETS}/A")
    assert [one["name"] for one in await api.ok("GET", SECRETS)] == ["B"]
    (live,) = edge.state["scripts"]["alphogenai-worker"]["versions"]
    assert edge.versions[live["version_id"]]["bindings"] == [secret("B", "B")]


async def test_many_secrets_change_in_one_version(api: Api) -> None:
    await api.deployed(bindings=[secret("GONE", "g"), secret("KEPT", "k")])
    body = {"secrets": {"NEW": secret("NEW", "n"), "GONE": None}}
    changed = await api.ok("PATCH", BULK, body)
    loads_as(SecretBulkUpdateResponse, changed)
    assert list(changed) == ["KEPT", "NEW"]
    versions = await api.ok("GET", f"{A}/workers/workers/alphogenai-worker/versions")
    assert len(versions) == 2
    misnamed = {"secrets": {"ONE": secret("TWO", "n")}}
    assert (await api.refused("PATCH", BULK, misnamed))[:2] == (400, 10026)


async def test_a_secret_that_the_worker_does_not_start_with_changes_nothing(api: Api, edge: FakeEdge) -> None:
    await api.deployed()
    before = edge.state
    edge.refuses = True
    assert (await api.refused("PUT", SECRETS, secret("KEY", "x")))[:2] == (400, 10021)
    assert await api.ok("GET", SECRETS) == []
    assert edge.state == before
