from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from cloudflare.types.workers import ScriptListResponse, ScriptSetting, ScriptUpdateResponse
from cloudflare.types.workers.scripts import (
    ScriptAndVersionSettingEditResponse,
    ScriptAndVersionSettingGetResponse,
    SubdomainCreateResponse,
    SubdomainDeleteResponse,
    SubdomainGetResponse,
)

from tests.localcloud.cloudflare.emulator import A, Z, loads_as, secret

if TYPE_CHECKING:
    from tests.localcloud.cloudflare.emulator import Api, FakeEdge

SCRIPT = f"{A}/workers/scripts/alphogenai-worker"
METADATA = {"main_module": "entry.py", "compatibility_date": "2024-11-01"}


def form(metadata: dict[str, Any], **modules: bytes) -> dict[str, Any]:
    """An upload as wrangler sends it; module names have a dot, keyword arguments have none."""
    parts = [("metadata", ("metadata.json", json.dumps(metadata).encode(), "application/json"))]
    parts += [(f"{name}.py", (f"{name}.py", source, "text/x-python")) for name, source in modules.items()]
    return {"files": parts}


async def upload(api: Api, metadata: dict[str, Any] | None = None, source: bytes = b"x = 1") -> Any:
    return await api.ok("PUT", SCRIPT, **form({**METADATA, **(metadata or {})}, entry=source))


@pytest.mark.parametrize("method", ["GET", "DELETE"])
async def test_a_script_that_does_not_exist_is_not_found(api: Api, method: str) -> None:
    assert (await api.refused(method, SCRIPT))[:2] == (404, 10007)


async def test_an_upload_that_is_no_form_is_refused(api: Api) -> None:
    assert (await api.refused("PUT", SCRIPT, {}))[:2] == (400, 6007)
    headers = {"content-type": "multipart/form-data; boundary=b"}
    broken = {"content": b"--b\r\nnonsense", "headers": headers}
    assert (await api.refused("PUT", SCRIPT, **broken))[:2] in {(400, 6007), (400, 10026)}
    without = {"files": [("entry.py", ("entry.py", b"x", "text/x-python"))]}
    assert (await api.refused("PUT", SCRIPT, **without))[:2] == (400, 10026)


async def test_code_that_does_not_start_makes_no_script(api: Api) -> None:
    assert (await api.refused("PUT", SCRIPT, **form(METADATA, entry=b"boom")))[:2] == (400, 10021)
    assert await api.ok("GET", f"{A}/workers/scripts") == []


async def test_an_upload_makes_the_worker_its_version_and_its_deployment(api: Api, edge: FakeEdge) -> None:
    bindings = [secret("KEY", "k"), {"type": "plain_text", "name": "V", "text": "1"}]
    made = await upload(api, {"bindings": bindings, "tags": ["t"]})
    loads_as(ScriptUpdateResponse, made)
    (live,) = edge.state["scripts"]["alphogenai-worker"]["versions"]
    assert edge.versions[live["version_id"]]["bindings"] == bindings
    await upload(api, {"keep_bindings": ["secret_text"]}, b"x = 2")
    (live,) = edge.state["scripts"]["alphogenai-worker"]["versions"]
    assert edge.versions[live["version_id"]]["bindings"] == [secret("KEY", "k")]
    assert (await api.ok("GET", f"{A}/workers/workers/alphogenai-worker"))["tags"] == ["t"]


async def test_scripts_are_listed_with_their_routes(api: Api) -> None:
    await api.deployed()
    await api.worker("bare")
    route = {"pattern": "alphogen.localhost/*", "script": "alphogenai-worker"}
    made = await api.ok("POST", f"{Z}/workers/routes", route)
    listed = await api.ok("GET", f"{A}/workers/scripts")
    loads_as(list[ScriptListResponse], listed)
    assert [one["id"] for one in listed] == ["alphogenai-worker", "bare"]
    assert listed[0]["routes"] == [made]
    assert listed[0]["compatibility_flags"] == ["python_workers"]


async def test_a_scripts_content_is_what_was_uploaded(api: Api) -> None:
    await upload(api, source=b"print('hello')\n")
    for path in (SCRIPT, f"{SCRIPT}/content/v2"):
        answer = await api.send("GET", path)
        assert answer.headers["content-type"].startswith("multipart/form-data; boundary=")
        assert answer.headers["cf-entrypoint"] == "entry.py"
        assert b'name="entry.py"' in answer.content
        assert b"\r\n\r\nprint('hello')\n\r\n--" in answer.content


async def test_deleting_a_script_removes_the_worker(api: Api) -> None:
    await api.deployed()
    await api.ok("DELETE", f"{SCRIPT}?force=true")
    assert await api.ok("GET", f"{A}/workers/workers") == []


async def test_a_service_names_the_script_of_its_environment(api: Api) -> None:
    version = await api.deployed()
    service = await api.ok("GET", f"{A}/workers/services/alphogenai-worker")
    script = service["default_environment"]["script"]
    loads_as(ScriptListResponse, script)
    assert script["etag"] == version["id"].replace("-", "")


async def test_settings_of_the_script_change_without_a_version(api: Api) -> None:
    await api.deployed()
    changes = {
        "logpush": True,
        "tags": ["a"],
        "observability": {"enabled": True},
        "tail_consumers": [{"service": "s"}],
    }
    changed = await api.ok("PATCH", f"{SCRIPT}/script-settings", changes)
    loads_as(ScriptSetting, changed)
    assert changed == await api.ok("GET", f"{SCRIPT}/script-settings")
    assert (changed["logpush"], changed["tags"], changed["tail_consumers"]) == (
        True,
        ["a"],
        [{"service": "s"}],
    )
    assert changed["observability"]["head_sampling_rate"] == 1
    assert len(await api.ok("GET", f"{A}/workers/workers/alphogenai-worker/versions")) == 1


async def test_settings_of_the_version_make_a_new_one(api: Api, edge: FakeEdge) -> None:
    await api.deployed(bindings=[secret("KEY", "k")])
    settings = {
        "bindings": [{"type": "inherit", "name": "KEY"}, {"type": "plain_text", "name": "V", "text": "1"}],
        "compatibility_date": "2024-10-01",
        "logpush": True,
    }
    part = ("settings", ("settings", json.dumps(settings).encode(), "application/json"))
    changed = await api.ok("PATCH", f"{SCRIPT}/settings", files=[part])
    loads_as(ScriptAndVersionSettingEditResponse, changed)
    loads_as(ScriptAndVersionSettingGetResponse, await api.ok("GET", f"{SCRIPT}/settings"))
    (live,) = edge.state["scripts"]["alphogenai-worker"]["versions"]
    version = edge.versions[live["version_id"]]
    assert version["bindings"][0] == secret("KEY", "k")
    assert version["compatibility_date"] == "2024-10-01"
    assert changed["logpush"] is True


async def test_settings_of_the_version_are_refused_while_the_newest_is_not_deployed(api: Api) -> None:
    await api.deployed()
    await api.version()
    part = ("settings", ("settings", b"{}", "application/json"))
    assert (await api.refused("PATCH", f"{SCRIPT}/settings", files=[part]))[:2] == (400, 10214)


async def test_the_subdomain_switch_is_kept_and_seen_on_the_worker(api: Api) -> None:
    await api.worker()
    path = f"{SCRIPT}/subdomain"
    assert (await api.refused("POST", path, {}))[:2] == (400, 10026)
    loads_as(SubdomainGetResponse, await api.ok("GET", path))
    on = await api.ok("POST", path, {"enabled": True, "previews_enabled": False})
    loads_as(SubdomainCreateResponse, on)
    assert (await api.ok("GET", f"{A}/workers/workers/alphogenai-worker"))["subdomain"] == on
    off = await api.ok("DELETE", path)
    loads_as(SubdomainDeleteResponse, off)
    assert await api.ok("GET", path) == {"enabled": False, "previews_enabled": False}
