from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest
from cloudflare.types.accounts import Account
from cloudflare.types.zones import Zone

from localcloud import config
from tests.localcloud.cloudflare.emulator import Z, loads_as

if TYPE_CHECKING:
    from tests.localcloud.cloudflare.emulator import Api


@pytest.mark.parametrize(
    "body", [{}, {"name": "no"}, {"name": "Upper.test"}, {"name": "a.test", "type": "odd"}]
)
async def test_a_name_that_is_no_domain_is_refused(api: Api, body: dict[str, Any]) -> None:
    assert (await api.refused("POST", "/zones", body))[:2] == (400, 10026)


async def test_a_zone_that_exists_is_refused(api: Api) -> None:
    assert (await api.refused("POST", "/zones", {"name": "alphogen.localhost"}))[:2] == (409, 1061)


async def test_another_accounts_zone_is_refused(api: Api) -> None:
    body = {"name": "a.test", "account": {"id": "f" * 32}}
    assert (await api.refused("POST", "/zones", body))[:2] == (403, 10000)


async def test_the_local_zone_is_there_from_the_start(api: Api) -> None:
    zone = await api.ok("GET", Z)
    loads_as(Zone, zone)
    assert (zone["name"], zone["status"]) == ("alphogen.localhost", "active")


async def test_zones_are_found_by_name(api: Api) -> None:
    made = await api.ok("POST", "/zones", {"name": "alphogen.com", "account": {"id": config.ACCOUNT_ID}})
    loads_as(Zone, made)
    assert [zone["id"] for zone in await api.ok("GET", "/zones?name=alphogen.com")] == [made["id"]]
    assert len(await api.ok("GET", "/zones")) == 2
    assert await api.ok("GET", "/zones?name=none.test") == []
    assert await api.ok("GET", f"/zones?account.id={'f' * 32}") == []


async def test_the_account_is_listed_and_read(api: Api) -> None:
    (listed,) = await api.ok("GET", "/accounts")
    loads_as(Account, listed)
    assert await api.ok("GET", f"/accounts/{config.ACCOUNT_ID}") == listed
    assert await api.ok("GET", "/accounts?name=other") == []
