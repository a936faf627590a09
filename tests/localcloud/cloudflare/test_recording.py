"""Recorded requests of the official provider, from `fixtures/official-provider.jsonl`, sent to the emulator.

The recording was made against a server that echoes. Its one request that a real API would answer otherwise is
left out: in `update` the provider made the bucket a second time, only because the echo lacked its location.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from localcloud import config
from tests.localcloud.cloudflare.emulator import A

if TYPE_CHECKING:
    from tests.localcloud.cloudflare.emulator import Api

RECORDING = Path(__file__).parent / "fixtures" / "official-provider.jsonl"
REQUESTS = [json.loads(line) for line in RECORDING.read_text().splitlines()]
BUCKET_FIELDS = {"locationHint": "location", "storageClass": "storage_class"}


def in_order(phase: str) -> list[dict[str, Any]]:
    """A phase's requests; those that ran side by side, sorted as their resources depend on each other."""
    ranks = ["buckets", "workers/workers", "routes", "subdomain", "schedules", "versions", "deployments"]

    def rank(request: dict[str, Any]) -> int:
        return max((index for index, part in enumerate(ranks) if part in request["path"]), default=0)

    chosen = [
        one for one in REQUESTS if one["phase"] == phase and not (phase == "update" and "r2" in one["path"])
    ]
    return sorted(chosen, key=rank, reverse=phase == "destroy")


class Replay:
    """Sends recorded requests with the ids that the emulator gave."""

    def __init__(self, api: Api, zone_id: str) -> None:
        self.api = api
        self.zone_id = zone_id
        self.ids: dict[str, str] = {}
        self.answers: dict[str, Any] = {}

    async def send(self, request: dict[str, Any]) -> Any:
        path = self._filled(request["path"])
        body = request.get("body")
        if body and "versions" in body:
            share = {**body["versions"][0], "version_id": self.ids["versions"]}
            body = {**body, "versions": [share]}
        result = await self.api.ok(request["method"], path, body)
        collection = path.rsplit("/", 1)[1]
        if request["method"] == "POST" and "id" in (result or {}):
            self.ids[collection] = result["id"]
        return body, result

    def _filled(self, path: str) -> str:
        path = path.replace("{account_id}", config.ACCOUNT_ID).replace("{zone_id}", self.zone_id)
        for collection in ("workers/workers", "versions", "routes", "deployments"):
            name = collection.rsplit("/", 1)[-1]
            path = path.replace(f"{collection}/{{id}}", f"{collection}/{self.ids.get(name, '')}")
        return path

    async def phase(self, phase: str) -> list[tuple[dict[str, Any], Any, Any]]:
        return [(request, *await self.send(request)) for request in in_order(phase)]


@pytest.fixture
async def replay(api: Api) -> Replay:
    zone = await api.ok("POST", "/zones", {"name": "alphogen.com"})
    return Replay(api, zone["id"])


def expected(body: dict[str, Any]) -> dict[str, Any]:
    """What an answer must give back of a body: all but secret texts, under the answer's names."""
    fields = {BUCKET_FIELDS.get(name, name): value for name, value in body.items()}
    if "bindings" in fields:
        fields["bindings"] = [
            {
                key: value
                for key, value in binding.items()
                if key != "text" or binding["type"] != "secret_text"
            }
            for binding in fields["bindings"]
        ]
    return fields


def test_the_recording_holds_each_verb_of_the_resources_that_are_served() -> None:
    assert len(REQUESTS) == 26
    assert {request["method"] for request in REQUESTS} == {"GET", "POST", "PUT", "DELETE"}


@pytest.mark.parametrize("phase", ["create", "update"])
async def test_every_answer_gives_back_what_was_set(replay: Replay, phase: str) -> None:
    exchanges = await replay.phase("create")
    if phase == "update":
        exchanges = await replay.phase("update")
    assert exchanges
    for request, body, result in exchanges:
        if request["path"].endswith("/schedules"):  # sent bare, answered by name and with their times
            assert [{"cron": one["cron"]} for one in result["schedules"]] == body
            continue
        wanted = expected(body)
        assert {name: result[name] for name in wanted} == wanted, request["path"]


async def test_a_refresh_after_create_finds_what_was_answered(replay: Replay) -> None:
    made = {_resource(request): result for request, _, result in await replay.phase("create")}
    # The script's switch and the worker's are one: the second resource to set it decides.
    refreshed = await replay.phase("refresh")
    assert len(refreshed) == 7
    for request, _, result in refreshed:
        was = made[_resource(request)]
        ignored = {"updated_on", "deployed_on"}
        assert {key: value for key, value in result.items() if key not in ignored} == {
            key: value for key, value in was.items() if key not in ignored
        }


async def test_destroy_leaves_the_account_empty(replay: Replay) -> None:
    await replay.phase("create")
    await replay.phase("update")
    await replay.phase("destroy")
    for path in (f"{A}/workers/workers", f"/zones/{replay.zone_id}/workers/routes"):
        assert await replay.api.ok("GET", path) == []
    assert await replay.api.ok("GET", f"{A}/r2/buckets") == {"buckets": []}


def _resource(request: dict[str, Any]) -> str:
    path = request["path"].split("?")[0].removesuffix("/{id}").removesuffix("/media")
    return str(path)
