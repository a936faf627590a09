from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cloudflare.types.workers.beta import Worker
from cloudflare.types.workers.beta.worker_delete_response import WorkerDeleteResponse

from tests.localcloud.cloudflare.emulator import A, Z, loads_as

if TYPE_CHECKING:
    from tests.localcloud.cloudflare.emulator import Api, FakeEdge

WORKERS = f"{A}/workers/workers"


async def test_a_name_that_is_taken_is_refused(api: Api) -> None:
    await api.worker("twin")
    assert (await api.refused("POST", WORKERS, {"name": "twin"}))[:2] == (409, 10040)


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "name"),
        ({"name": "No Capitals"}, "name"),
        ({"name": "n" * 64}, "name"),
        ({"name": "n", "logpush": "yes"}, "logpush"),
        ({"name": "n", "tags": "one"}, "tags"),
        ({"name": "n", "tail_consumers": [{}]}, "tail_consumers[0].name"),
        ({"name": "n", "observability": {"head_sampling_rate": 2}}, "observability.head_sampling_rate"),
        ({"name": "n", "observability": {"enabled": 1}}, "observability.enabled"),
    ],
)
async def test_a_wrong_field_is_named(api: Api, body: dict[str, Any], field: str) -> None:
    status, _, message = await api.refused("POST", WORKERS, body)
    assert status == 400
    assert message.startswith(f"{field} ")


@pytest.mark.parametrize("method", ["GET", "PUT", "PATCH", "DELETE"])
async def test_a_worker_that_does_not_exist_is_not_found(api: Api, method: str) -> None:
    body = {"name": "other"} if method in {"PUT", "PATCH"} else None
    assert (await api.refused(method, f"{WORKERS}/{'0' * 32}", body))[:2] == (404, 10007)


async def test_a_new_worker_has_cloudflares_defaults(api: Api) -> None:
    worker = await api.worker()
    loads_as(Worker, worker)
    assert worker["logpush"] is False
    assert worker["subdomain"] == {"enabled": False, "previews_enabled": False}
    assert worker["tags"] == worker["tail_consumers"] == []
    assert worker["observability"] == {
        "enabled": False,
        "head_sampling_rate": 1,
        "traces": {"enabled": False, "head_sampling_rate": 1, "persist": True},
    }
    assert worker["deployed_on"] is None


async def test_all_settings_are_given_back_as_they_were_set(api: Api) -> None:
    settings = {
        "name": "full",
        "logpush": True,
        "observability": {
            "enabled": True,
            "head_sampling_rate": 0.5,
            "redact_query_string": True,
            "issues": {"enabled": True},
            "logs": {
                "enabled": True,
                "head_sampling_rate": 0.25,
                "invocation_logs": False,
                "persist": False,
                "destinations": ["a"],
            },
            "traces": {
                "enabled": True,
                "head_sampling_rate": 0.1,
                "persist": False,
                "destinations": [],
                "propagation_policy": "accept",
            },
        },
        "subdomain": {"enabled": True, "previews_enabled": True},
        "tags": ["stack:local"],
        "tail_consumers": [{"name": "listener"}],
    }
    made = await api.ok("POST", WORKERS, settings)
    loads_as(Worker, made)
    assert {key: made[key] for key in settings} == settings
    assert await api.ok("GET", f"{WORKERS}/{made['id']}") == made


async def test_put_sets_what_is_not_sent_back_to_its_default_and_patch_keeps_it(api: Api) -> None:
    worker = await api.ok("POST", WORKERS, {"name": "w", "tags": ["a"], "observability": {"enabled": True}})
    path = f"{WORKERS}/{worker['id']}"
    patched = await api.ok("PATCH", path, {"observability": {"head_sampling_rate": 0.5}})
    assert patched["tags"] == ["a"]
    assert patched["observability"]["enabled"] is True
    assert patched["observability"]["head_sampling_rate"] == 0.5
    replaced = await api.ok("PUT", path, {"name": "w"})
    loads_as(Worker, replaced)
    assert replaced["tags"] == []
    assert replaced["observability"]["enabled"] is False


async def test_a_worker_is_found_by_name_and_keeps_its_routes_when_it_is_renamed(
    api: Api, edge: FakeEdge
) -> None:
    await api.deployed("before")
    route = {"pattern": "api.alphogen.localhost/*", "script": "before"}
    made = await api.ok("POST", f"{Z}/workers/routes", route)
    await api.ok("PATCH", f"{WORKERS}/before", {"name": "after"})
    assert (await api.ok("GET", f"{Z}/workers/routes/{made['id']}"))["script"] == "after"
    assert list(edge.state["scripts"]) == ["after"]
    assert edge.state["routes"][0]["script"] == "after"


async def test_a_new_name_that_is_taken_is_refused(api: Api) -> None:
    await api.worker("one")
    await api.worker("two")
    assert (await api.refused("PATCH", f"{WORKERS}/two", {"name": "one"}))[:2] == (409, 10040)


async def test_deleting_a_worker_removes_versions_deployments_and_routes(api: Api, edge: FakeEdge) -> None:
    version = await api.deployed()
    await api.ok(
        "POST", f"{Z}/workers/routes", {"pattern": "alphogen.localhost/*", "script": "alphogenai-worker"}
    )
    answer = await api.send("DELETE", f"{WORKERS}/alphogenai-worker")
    loads_as(WorkerDeleteResponse, answer.json())
    assert await api.ok("GET", f"{Z}/workers/routes") == []
    assert (edge.state["routes"], edge.state["scripts"]) == ([], {})
    await api.worker()
    path = f"{WORKERS}/alphogenai-worker/versions"
    assert await api.ok("GET", path) == []
    assert (await api.refused("GET", f"{path}/{version['id']}"))[:2] == (404, 10209)


async def test_a_list_comes_in_pages_and_is_empty_past_its_end(api: Api) -> None:
    for name in ("a", "b", "c"):
        await api.worker(name)
    envelope = (await api.send("GET", f"{WORKERS}?page=2&per_page=2")).json()
    assert [worker["name"] for worker in envelope["result"]] == ["c"]
    assert envelope["result_info"] == {
        "page": 2,
        "per_page": 2,
        "count": 1,
        "total_count": 3,
        "total_pages": 2,
    }
    assert await api.ok("GET", f"{WORKERS}?page=9") == []


@pytest.mark.parametrize(
    "query", ["page=0", "page=x", "per_page=-1", "per_page=99999999999999999999", "page=²"]
)
async def test_a_page_that_is_no_number_is_refused(api: Api, query: str) -> None:
    assert (await api.refused("GET", f"{WORKERS}?{query}"))[:2] == (400, 10026)


async def test_deployed_on_tells_when_the_worker_was_deployed(api: Api) -> None:
    await api.deployed()
    assert (await api.ok("GET", f"{WORKERS}/alphogenai-worker"))[
        "deployed_on"
    ] == "2026-11-20T12:00:00.000000Z"
