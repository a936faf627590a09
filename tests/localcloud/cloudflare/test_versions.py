from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cloudflare.types.workers.beta.workers import Version
from cloudflare.types.workers.beta.workers.version_delete_response import VersionDeleteResponse

from tests.localcloud.cloudflare.emulator import A, deployment_body, loads_as, module, secret, version_body

if TYPE_CHECKING:
    from tests.localcloud.cloudflare.emulator import Api, FakeEdge

VERSIONS = f"{A}/workers/workers/alphogenai-worker/versions"


@pytest.mark.parametrize(
    ("changes", "code", "words"),
    [
        ({"main_module": "other.py"}, 10021, 'No such module "other.py"'),
        ({"modules": []}, 10021, "No such module"),
        ({"modules": [module(), module()]}, 10021, "same name"),
        (
            {"modules": [module(), module(name="../escape.py")]},
            10021,
            "'../escape.py' is not a relative path",
        ),
        ({"modules": [module(), module(name="/etc/passwd")]}, 10021, "is not a relative path"),
        ({"modules": [{**module(), "content_base64": "*"}]}, 10021, "is not Base64"),
        (
            {"compatibility_date": "2026-11-21"},
            10021,
            "Can't set compatibility date in the future: 2026-11-21",
        ),
        ({"compatibility_date": "2026-02-30"}, 10021, "is not a date"),
        ({"compatibility_date": "20241101"}, 10021, "is not a date"),
        ({"bindings": [secret("A", "1"), secret("A", "2")]}, 10053, "'A' already in use"),
        ({"bindings": [{"type": "kv_namespace", "name": "KV"}]}, 10026, "bindings[0].type"),
        ({"bindings": [{"type": "secret_text", "name": "A"}]}, 10026, "bindings[0].text is required"),
        ({"bindings": [secret("A B", "1")]}, 10026, "bindings[0].name"),
        ({"bindings": [secret("A", "é" * 3000)]}, 10026, "larger than 5 KB"),
        (
            {"bindings": [{"type": "r2_bucket", "name": "MEDIA", "bucket_name": "none"}]},
            10085,
            "'none' not found",
        ),
        ({"bindings": [{"type": "inherit", "name": "A"}]}, 10057, "does not have binding named 'A'"),
        ({"migrations": {"new_tag": "v1"}}, 10021, "migrations has no place"),
    ],
)
async def test_a_version_that_could_not_run_is_refused(
    api: Api, edge: FakeEdge, changes: dict[str, Any], code: int, words: str
) -> None:
    await api.worker()
    status, given, message = await api.refused("POST", VERSIONS, version_body(**changes))
    assert (status, given) == (400, code)
    assert words in message
    assert edge.checked == []
    assert await api.ok("GET", VERSIONS) == []


async def test_code_that_does_not_start_is_refused_with_pythons_words_and_nothing_is_stored(api: Api) -> None:
    await api.worker()
    status, code, message = await api.refused("POST", VERSIONS, version_body("boom"))
    assert (status, code) == (400, 10021)
    assert "SyntaxError: invalid syntax" in message
    assert await api.ok("GET", VERSIONS) == []
    assert (await api.version())["number"] == 1


async def test_without_the_edge_no_version_is_made_and_the_message_says_what_to_do(
    api: Api, edge: FakeEdge
) -> None:
    await api.worker()
    edge.down = True
    status, code, message = await api.refused("POST", VERSIONS, version_body())
    assert (status, code) == (503, 10013)
    assert "make up" in message
    edge.down = False
    assert await api.ok("GET", VERSIONS) == []


async def test_a_worker_over_ten_megabytes_is_refused(api: Api) -> None:
    await api.worker()
    big = version_body("x" * 10_000_001)
    assert (await api.refused("POST", VERSIONS, big))[:2] == (413, 10027)


async def test_a_version_gives_back_what_it_was_made_from_but_never_a_secret(api: Api) -> None:
    await api.worker()
    await api.ok("POST", f"{A}/r2/buckets", {"name": "media"})
    bindings = [
        {"type": "plain_text", "name": "ENVIRONMENT", "text": "local"},
        {"type": "json", "name": "LIMITS", "json": {"a": [1, None]}},
        {"type": "r2_bucket", "name": "MEDIA", "bucket_name": "media"},
        secret("WEBHOOK_SECRET", "topsecret"),
    ]
    body = version_body(
        bindings=bindings,
        annotations={"workers/message": "first", "workers/tag": "v1"},
        limits={"cpu_ms": 50},
        placement={"mode": "smart"},
    )
    made = await api.ok("POST", VERSIONS, body)
    loads_as(Version, made)
    assert made["bindings"][:3] == bindings[:3]
    assert made["bindings"][3] == {"type": "secret_text", "name": "WEBHOOK_SECRET"}
    unchanged = (
        "main_module",
        "modules",
        "compatibility_date",
        "compatibility_flags",
        "annotations",
        "limits",
    )
    assert {key: made[key] for key in unchanged} == {key: body[key] for key in unchanged}
    assert (made["number"], made["usage_model"], made["startup_time_ms"]) == (1, "standard", 7)
    answers = [
        made,
        await api.ok("GET", VERSIONS),
        await api.ok("GET", f"{VERSIONS}/{made['id']}?include=modules"),
    ]
    assert answers[2] == made
    assert "topsecret" not in str(answers)


async def test_modules_are_given_only_when_asked_for(api: Api) -> None:
    await api.worker()
    made = await api.version()
    read = await api.ok("GET", f"{VERSIONS}/{made['id']}")
    loads_as(Version, read)
    assert "modules" not in read
    listed = await api.ok("GET", VERSIONS)
    loads_as(list[Version], listed)
    assert "modules" not in listed[0]


async def test_versions_are_numbered_from_one_and_listed_newest_first(api: Api) -> None:
    await api.worker()
    for _ in range(3):
        await api.version()
    assert [version["number"] for version in await api.ok("GET", VERSIONS)] == [3, 2, 1]


async def test_a_version_made_without_the_secrets_drops_them_unless_it_inherits(
    api: Api, edge: FakeEdge
) -> None:
    await api.worker()
    first = await api.version(bindings=[secret("KEPT", "one"), secret("LOST", "two")])
    inherits = [{"type": "inherit", "name": "KEPT"}, {"type": "inherit", "name": "NEW", "old_name": "LOST"}]
    second = await api.version(bindings=inherits)
    assert edge.versions[second["id"]]["bindings"] == [secret("KEPT", "one"), secret("NEW", "two")]
    third = await api.version(bindings=[{"type": "inherit", "name": "LOST", "version_id": first["id"]}])
    assert edge.versions[third["id"]]["bindings"] == [secret("LOST", "two")]
    assert (await api.version())["bindings"] == []


async def test_deploy_true_deploys_the_new_version_at_once(api: Api, edge: FakeEdge) -> None:
    await api.worker()
    made = await api.ok("POST", f"{VERSIONS}?deploy=true", version_body())
    assert edge.state["scripts"]["alphogenai-worker"]["versions"] == [
        {"version_id": made["id"], "percentage": 100}
    ]


async def test_a_deployed_version_is_not_deleted_and_another_one_is(api: Api) -> None:
    live = await api.deployed()
    assert (await api.refused("DELETE", f"{VERSIONS}/{live['id']}"))[0] == 400
    spare = await api.version()
    answer = await api.send("DELETE", f"{VERSIONS}/{spare['id']}")
    loads_as(VersionDeleteResponse, answer.json())
    assert (await api.refused("GET", f"{VERSIONS}/{spare['id']}"))[:2] == (404, 10209)
    deployments = f"{A}/workers/scripts/alphogenai-worker/deployments"
    assert (await api.refused("POST", deployments, deployment_body(spare["id"])))[:2] == (404, 10209)


async def test_a_version_is_found_only_under_its_own_worker(api: Api) -> None:
    version = await api.deployed("one")
    await api.worker("two")
    assert (await api.refused("GET", f"{A}/workers/workers/two/versions/{version['id']}"))[:2] == (404, 10209)
