from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cloudflare.types.workers.scripts import ScheduleGetResponse, ScheduleUpdateResponse

from localcloud.cloudflare.store import Store
from tests.localcloud.cloudflare.emulator import A, loads_as

if TYPE_CHECKING:
    from pathlib import Path

    from tests.localcloud.cloudflare.emulator import Api, FakeEdge

SCHEDULES = f"{A}/workers/scripts/alphogenai-worker/schedules"
EVERY_MINUTE = [{"cron": "* * * * *"}]


def crons(result: Any) -> list[str]:
    return [one["cron"] for one in result["schedules"]]


@pytest.mark.parametrize("method", ["GET", "PUT"])
async def test_a_script_that_does_not_exist_has_no_triggers(api: Api, method: str) -> None:
    body = EVERY_MINUTE if method == "PUT" else None
    assert (await api.refused(method, SCHEDULES, body))[:2] == (404, 10007)


@pytest.mark.parametrize(
    "body", [{}, "* * * * *", ["* * * * *"], [{"cron": 1}], [{}], [{"cron": {"cron": "* * * * *"}}]]
)
async def test_a_body_of_another_shape_is_refused_in_cloudflares_words(api: Api, body: Any) -> None:
    await api.worker()
    assert await api.refused("PUT", SCHEDULES, body) == (
        400,
        10026,
        "Could not parse request body. Please ensure the request is valid and try again.",
    )


async def test_one_expression_that_is_none_refuses_all(api: Api) -> None:
    await api.deployed()
    await api.ok("PUT", SCHEDULES, EVERY_MINUTE)
    refused = await api.refused("PUT", SCHEDULES, [{"cron": "0 0 * * *"}, {"cron": "0 22 * * 0"}])
    assert refused == (400, 10100, "invalid cron string")
    assert crons(await api.ok("GET", SCHEDULES)) == ["* * * * *"]


async def test_an_account_has_250_triggers_at_most_over_all_its_scripts(api: Api) -> None:
    await api.worker()
    await api.worker("other")
    many = [{"cron": f"{number % 60} {number // 60} * * *"} for number in range(250)]
    other = f"{A}/workers/scripts/other/schedules"
    await api.ok("PUT", other, EVERY_MINUTE)
    refused = await api.refused("PUT", SCHEDULES, many)
    assert refused == (400, 10072, "workers.api.error.too_many_crons")
    await api.ok("PUT", other, [])
    assert len((await api.ok("PUT", SCHEDULES, many))["schedules"]) == 250
    assert len((await api.ok("PUT", SCHEDULES, many))["schedules"]) == 250


async def test_what_the_edge_cannot_be_told_is_undone(api: Api, edge: FakeEdge) -> None:
    await api.deployed()
    edge.down = True
    assert (await api.refused("PUT", SCHEDULES, EVERY_MINUTE))[0] == 503
    edge.down = False
    assert await api.ok("GET", SCHEDULES) == {"schedules": []}


async def test_triggers_are_answered_as_the_sdk_reads_them(api: Api) -> None:
    await api.worker()
    put = await api.ok("PUT", SCHEDULES, [{"cron": "*/5 * * * *"}, {"cron": "0 0 L * *"}])
    loads_as(ScheduleUpdateResponse, put)
    assert crons(put) == ["*/5 * * * *", "0 0 L * *"]
    got = await api.ok("GET", SCHEDULES)
    loads_as(ScheduleGetResponse, got)
    assert got == put


async def test_an_expression_sent_twice_fires_once(api: Api) -> None:
    await api.worker()
    assert crons(await api.ok("PUT", SCHEDULES, EVERY_MINUTE * 2)) == ["* * * * *"]


async def test_the_edge_follows_the_newest_deployed_version(api: Api, edge: FakeEdge) -> None:
    await api.worker()
    await api.ok("PUT", SCHEDULES, [{"cron": "0 12 * * fri"}])
    first, second, _ = [(await api.version())["id"] for _ in range(3)]
    assert edge.state.get("schedules", {}) == {}
    wanted = [{"cron": "0 12 * * fri", "plain": "0 12 * * 5"}]
    for deployed, newest in (((first,), first), ((first, second), second), ((second, first), second)):
        await api.deployment(*deployed)
        assert edge.state["schedules"] == {"alphogenai-worker": {"version_id": newest, "crons": wanted}}


async def test_an_unchanged_trigger_does_not_call_the_edge(api: Api, edge: FakeEdge) -> None:
    await api.deployed()
    await api.ok("PUT", SCHEDULES, EVERY_MINUTE)
    before = edge.syncs
    await api.ok("PUT", SCHEDULES, EVERY_MINUTE)
    assert edge.syncs == before


async def test_triggers_go_with_their_script(api: Api, edge: FakeEdge) -> None:
    await api.deployed()
    await api.ok("PUT", SCHEDULES, EVERY_MINUTE)
    await api.ok("DELETE", f"{A}/workers/workers/alphogenai-worker")
    assert edge.state["schedules"] == {}
    await api.deployed()
    assert await api.ok("GET", SCHEDULES) == {"schedules": []}


async def test_triggers_are_there_after_a_restart(api: Api, state_file: Path) -> None:
    await api.worker()
    await api.ok("PUT", SCHEDULES, EVERY_MINUTE)
    reopened = Store(state_file)
    (kept,) = reopened.committed.every("schedules")
    reopened.close()
    assert crons(kept) == ["* * * * *"]
