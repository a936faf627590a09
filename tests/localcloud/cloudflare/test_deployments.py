from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cloudflare.types.workers.scripts import Deployment
from cloudflare.types.workers.scripts.deployment_delete_response import DeploymentDeleteResponse
from cloudflare.types.workers.scripts.deployment_list_response import DeploymentListResponse
from hypothesis import given
from hypothesis import strategies as st

from localcloud.cloudflare.deployments import parse_split
from localcloud.cloudflare.errors import InvalidDeploymentError
from localcloud.cloudflare.fields import Fields
from tests.localcloud.cloudflare.emulator import A, deployment_body, loads_as, secret

if TYPE_CHECKING:
    from localcloud.cloudflare.store import Store
    from tests.localcloud.cloudflare.emulator import Api, FakeEdge

DEPLOYMENTS = f"{A}/workers/scripts/alphogenai-worker/deployments"
UNKNOWN = "00000000-0000-0000-0000-000000000000"


def split(*shares: float) -> dict[str, Any]:
    versions = [{"version_id": f"v{index}", "percentage": share} for index, share in enumerate(shares)]
    return {"strategy": "percentage", "versions": versions}


@pytest.mark.parametrize("shares", [(), (99,), (50, 51), (40, 30, 30), (0,)])
def test_shares_that_are_not_one_or_two_adding_up_to_a_hundred_are_refused(shares: tuple[float, ...]) -> None:
    with pytest.raises(InvalidDeploymentError):
        parse_split(Fields(split(*shares)))


def test_one_version_named_twice_is_refused() -> None:
    body = deployment_body("same", "same")
    with pytest.raises(InvalidDeploymentError):
        parse_split(Fields(body))


@given(st.integers(min_value=0, max_value=10_000))
def test_any_two_shares_of_two_decimals_that_fill_a_hundred_are_taken(hundredths: int) -> None:
    share = hundredths / 100
    assert len(parse_split(Fields(split(share, 100 - share)))) == 2


async def test_a_version_that_does_not_exist_is_not_deployed(api: Api) -> None:
    await api.worker()
    assert (await api.refused("POST", DEPLOYMENTS, deployment_body(UNKNOWN)))[:2] == (404, 10209)


async def test_another_workers_version_is_not_deployed(api: Api) -> None:
    other = await api.deployed("other")
    await api.worker()
    assert (await api.refused("POST", DEPLOYMENTS, deployment_body(other["id"])))[:2] == (404, 10209)


async def test_what_the_edge_refuses_is_rolled_back_and_the_edge_told_to_pull_again(
    api: Api, edge: FakeEdge
) -> None:
    first = await api.deployed()
    second = await api.version()
    before = edge.state
    edge.refuses = True
    assert (await api.refused("POST", DEPLOYMENTS, deployment_body(second["id"])))[:2] == (400, 10021)
    assert (await api.ok("GET", DEPLOYMENTS))["deployments"][0]["versions"][0]["version_id"] == first["id"]
    assert edge.state == before
    assert edge.syncs == 3


async def test_without_the_edge_nothing_is_deployed_and_the_message_says_what_to_do(
    api: Api, edge: FakeEdge
) -> None:
    await api.worker()
    version = await api.version()
    edge.down = True
    status, _, message = await api.refused("POST", DEPLOYMENTS, deployment_body(version["id"]))
    assert status == 503
    assert "make up" in message
    edge.down = False
    assert (await api.ok("GET", DEPLOYMENTS))["deployments"] == []


async def test_going_back_across_a_changed_secret_needs_force(api: Api) -> None:
    old = await api.deployed(bindings=[secret("KEY", "one"), secret("SAME", "s")])
    secrets = f"{A}/workers/scripts/alphogenai-worker/secrets"
    await api.ok("PUT", secrets, secret("KEY", "two"))
    status, code, message = await api.refused("POST", DEPLOYMENTS, deployment_body(old["id"]))
    assert (status, code) == (400, 10220)
    assert message.endswith("The following secrets have changed: KEY")
    assert (await api.deployment(old["id"], force=True))["versions"][0]["version_id"] == old["id"]


async def test_going_forward_across_a_changed_secret_and_back_across_none_needs_no_force(api: Api) -> None:
    first = await api.deployed(bindings=[secret("KEY", "one")])
    second = await api.version(bindings=[secret("KEY", "two")])
    await api.deployment(second["id"])
    third = await api.version(bindings=[secret("KEY", "two")])
    await api.deployment(third["id"])
    await api.deployment(second["id"])
    assert (await api.refused("POST", DEPLOYMENTS, deployment_body(first["id"])))[1] == 10220


async def test_a_version_older_than_the_last_hundred_is_not_deployed(api: Api, store: Store) -> None:
    old = await api.deployed()
    with store.writing() as records:
        worker = records.every("worker")[0]
        records.save("worker", {**worker, "last_number": 101}, name=worker["name"])
    status, _, message = await api.refused("POST", DEPLOYMENTS, deployment_body(old["id"]))
    assert status == 400
    assert "last 100 versions" in message


async def test_a_deployment_gives_back_what_was_set_and_reaches_the_edge(api: Api, edge: FakeEdge) -> None:
    await api.worker()
    ids = [(await api.version())["id"] for _ in range(2)]
    body = {**deployment_body(*ids), "annotations": {"workers/message": "half and half"}}
    made = await api.ok("POST", DEPLOYMENTS, body)
    loads_as(Deployment, made)
    assert {key: made[key] for key in body} == body
    assert edge.state["scripts"]["alphogenai-worker"] == {
        "deployment_id": made["id"],
        "versions": body["versions"],
    }
    assert await api.ok("GET", f"{DEPLOYMENTS}/{made['id']}") == made


async def test_deployments_are_listed_active_first_for_wrangler_and_for_the_sdk(api: Api) -> None:
    version = await api.deployed()
    active = await api.deployment(version["id"])
    listed = await api.ok("GET", DEPLOYMENTS)
    loads_as(list[DeploymentListResponse], listed["items"])
    assert listed["deployments"][0]["id"] == active["id"]
    past_the_end = await api.ok("GET", f"{DEPLOYMENTS}?page=2")
    assert past_the_end == {"deployments": [], "items": []}


async def test_the_active_deployment_is_not_deleted_and_an_earlier_one_is(api: Api) -> None:
    version = await api.deployed()
    earlier = (await api.ok("GET", DEPLOYMENTS))["deployments"][0]
    active = await api.deployment(version["id"])
    assert (await api.refused("DELETE", f"{DEPLOYMENTS}/{active['id']}"))[0] == 400
    answer = await api.send("DELETE", f"{DEPLOYMENTS}/{earlier['id']}")
    loads_as(DeploymentDeleteResponse, answer.json())
    assert (await api.refused("GET", f"{DEPLOYMENTS}/{earlier['id']}"))[:2] == (404, 10211)
