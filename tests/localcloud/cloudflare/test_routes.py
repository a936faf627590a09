from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from cloudflare.types.workers import (
    RouteCreateResponse,
    RouteDeleteResponse,
    RouteGetResponse,
    RouteListResponse,
    RouteUpdateResponse,
)

from localcloud.cloudflare.errors import InvalidRoutePatternError
from localcloud.cloudflare.routes import parse_pattern
from tests.localcloud.cloudflare.emulator import Z, loads_as

if TYPE_CHECKING:
    from tests.localcloud.cloudflare.emulator import Api, FakeEdge

ROUTES = f"{Z}/workers/routes"
PATTERN = "api.alphogen.localhost/*"


@pytest.mark.parametrize(
    "pattern",
    [
        "",
        "/",
        "*",
        "*/*",
        "api.other.test/*",
        "notalphogen.localhost/*",
        "api.*.localhost/*",
        "api.alphogen.localhost/*/end",
        "api.alphogen.localhost/?q=1",
        "api.alphogen.localhost/a b",
        "ftp://api.alphogen.localhost/*",
        "api.alphogen.localhost.evil.test/",
    ],
)
def test_a_pattern_that_cloudflare_would_not_take_is_refused(pattern: str) -> None:
    with pytest.raises(InvalidRoutePatternError):
        parse_pattern(pattern, "alphogen.localhost")


@pytest.mark.parametrize(
    "pattern",
    [
        "alphogen.localhost",
        "alphogen.localhost/",
        "*alphogen.localhost/*",
        "*.alphogen.localhost/*",
        "https://api.alphogen.localhost/v1/*",
        "API.alphogen.localhost/Path*",
    ],
)
def test_a_pattern_of_the_zone_is_kept_as_it_was_written(pattern: str) -> None:
    assert parse_pattern(pattern, "alphogen.localhost") == pattern


async def test_a_pattern_that_another_route_holds_is_refused(api: Api) -> None:
    await api.worker()
    first = await api.ok("POST", ROUTES, {"pattern": PATTERN, "script": "alphogenai-worker"})
    second = await api.ok("POST", ROUTES, {"pattern": "alphogen.localhost/*"})
    assert (await api.refused("POST", ROUTES, {"pattern": PATTERN}))[:2] == (409, 10020)
    moved = {"pattern": PATTERN}
    assert (await api.refused("PUT", f"{ROUTES}/{second['id']}", moved))[:2] == (409, 10020)
    assert (await api.ok("GET", f"{ROUTES}/{first['id']}"))["script"] == "alphogenai-worker"


async def test_a_route_to_a_worker_that_does_not_exist_is_refused(api: Api) -> None:
    assert (await api.refused("POST", ROUTES, {"pattern": PATTERN, "script": "nobody"}))[:2] == (404, 10007)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_a_route_that_does_not_exist_is_not_found(api: Api, method: str) -> None:
    body = {"pattern": PATTERN} if method == "PUT" else None
    assert (await api.refused(method, f"{ROUTES}/{'0' * 32}", body))[:2] == (404, 10009)


async def test_a_zone_that_does_not_exist_has_no_routes(api: Api) -> None:
    assert (await api.refused("GET", f"/zones/{'0' * 32}/workers/routes"))[:2] == (404, 1001)


async def test_what_the_edge_cannot_be_told_is_undone(api: Api, edge: FakeEdge) -> None:
    edge.down = True
    assert (await api.refused("POST", ROUTES, {"pattern": PATTERN}))[0] == 503
    edge.down = False
    assert await api.ok("GET", ROUTES) == []


async def test_a_route_lives_from_post_to_delete_and_the_edge_follows(api: Api, edge: FakeEdge) -> None:
    await api.worker()
    made = await api.ok("POST", ROUTES, {"pattern": PATTERN, "script": "alphogenai-worker"})
    loads_as(RouteCreateResponse, made)
    assert edge.state["routes"] == [{**made, "zone": "alphogen.localhost"}]
    loads_as(RouteGetResponse, await api.ok("GET", f"{ROUTES}/{made['id']}"))
    loads_as(list[RouteListResponse], await api.ok("GET", ROUTES))
    changed = await api.ok("PUT", f"{ROUTES}/{made['id']}", {"pattern": "alphogen.localhost/v2/*"})
    loads_as(RouteUpdateResponse, changed)
    assert edge.state["routes"][0]["script"] is None
    gone = await api.ok("DELETE", f"{ROUTES}/{made['id']}")
    loads_as(RouteDeleteResponse, gone)
    assert edge.state["routes"] == []
