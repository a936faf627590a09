from __future__ import annotations

import asyncio
from typing import Any

import pytest
from pulumi.runtime import mocks, rpc, set_mocks, stack

from infra.api import Api, ApiArgs
from infra.source import Module

ARGS = ApiArgs(
    account_id="a" * 32,
    zone_id="b" * 32,
    worker="alphogenai-worker",
    route="api.alphogen.com/*",
    compatibility_date="2024-11-01",
    modules=(Module("api/__init__.py", b""), Module("entry.py", b"x = 1")),
    variables={"ENVIRONMENT": "prod"},
    secrets={"WEBHOOK_SECRET": "canary-secret"},
    bucket_name="media",
)


class Recorder(mocks.Mocks):
    """Answers as a cloud would: every input back, and an id; and keeps what was registered."""

    def __init__(self) -> None:
        self.registered: dict[str, mocks.MockResourceArgs] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str, dict[str, Any]]:
        self.registered[args.typ] = args
        return f"{args.name}-id", args.inputs

    def call(self, args: mocks.MockCallArgs) -> tuple[dict[Any, Any], list[tuple[str, str]] | None]:
        raise AssertionError(f"nothing is looked up, but {args.token} was")


@pytest.fixture
def registered() -> dict[str, mocks.MockResourceArgs]:
    """The API component, built once by the real SDK against a recording cloud."""
    recorder = Recorder()
    asyncio.set_event_loop(asyncio.new_event_loop())
    set_mocks(recorder, preview=False)

    async def build() -> None:
        Api("api", ARGS)

    asyncio.get_event_loop().run_until_complete(stack.run_pulumi_func(build))
    return recorder.registered


def inputs(registered: dict[str, mocks.MockResourceArgs], kind: str) -> dict[str, Any]:
    return next(args.inputs for typ, args in registered.items() if typ.endswith(f":{kind}"))


def test_the_deployment_sends_all_traffic_to_the_new_version(
    registered: dict[str, mocks.MockResourceArgs],
) -> None:
    assert inputs(registered, "WorkersDeployment")["versions"] == [{"versionId": "api-id", "percentage": 100}]


def test_the_route_leads_to_the_worker(registered: dict[str, mocks.MockResourceArgs]) -> None:
    route = inputs(registered, "WorkersRoute")
    assert (route["pattern"], route["script"], route["zoneId"]) == (
        ARGS.route,
        ARGS.worker,
        ARGS.zone_id,
    )


def test_silent_jobs_are_asked_after_each_minute(registered: dict[str, mocks.MockResourceArgs]) -> None:
    trigger = inputs(registered, "WorkersCronTrigger")
    assert (trigger["scriptName"], trigger["schedules"]) == (ARGS.worker, [{"cron": "* * * * *"}])


def test_the_worker_is_not_reachable_beside_its_route(registered: dict[str, mocks.MockResourceArgs]) -> None:
    assert inputs(registered, "Worker")["subdomain"]["enabled"] is False


def test_bindings_come_sorted_and_each_has_its_type(registered: dict[str, mocks.MockResourceArgs]) -> None:
    bindings = inputs(registered, "WorkerVersion")["bindings"]["value"]
    assert [(binding["name"], binding["type"]) for binding in bindings] == [
        ("ENVIRONMENT", "plain_text"),
        ("MEDIA", "r2_bucket"),
        ("VERSION", "plain_text"),
        ("WEBHOOK_SECRET", "secret_text"),
    ]


def test_a_secret_is_registered_as_a_secret(registered: dict[str, mocks.MockResourceArgs]) -> None:
    bindings = inputs(registered, "WorkerVersion")["bindings"]
    assert bindings[rpc._special_sig_key] == rpc._special_secret_sig
    everything_else = {
        kind: args.inputs for kind, args in registered.items() if not kind.endswith("WorkerVersion")
    }
    assert "canary-secret" not in str(everything_else)
