"""Zones: the domains whose requests the edge serves."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.cloudflare.accounts import ACCOUNT_NAME
from localcloud.cloudflare.call import Answer, Call, Resource
from localcloud.cloudflare.errors import AuthenticationError, ZoneExistsError, ZoneNotFoundError
from localcloud.cloudflare.identity import new_id, stamp
from localcloud.cloudflare.paging import paged
from localcloud.cloudflare.store import DuplicateError

if TYPE_CHECKING:
    from datetime import datetime

    from localcloud.cloudflare.store import Body, Records

DOMAIN = r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]"
TYPES = ("full", "partial", "secondary", "internal")


def new_zone(identifier: str, name: str, account_id: str, now: datetime, kind: str = "full") -> Body:
    """Build a zone that is active from the start: there is no registrar to wait for."""
    made = stamp(now)
    return {
        "id": identifier,
        "name": name,
        "account": {"id": account_id, "name": ACCOUNT_NAME},
        "activated_on": made,
        "created_on": made,
        "modified_on": made,
        "development_mode": 0,
        "meta": {"phishing_detected": False, "step": 4},
        "name_servers": [f"ns1.{name}", f"ns2.{name}"],
        "original_dnshost": None,
        "original_name_servers": None,
        "original_registrar": None,
        "owner": {"id": None, "name": None, "type": "user"},
        "paused": False,
        "permissions": ["#zone:read", "#zone:edit", "#worker:read", "#worker:edit"],
        "plan": {
            "id": "0feeeeeeeeeeeeeeeeeeeeeeeeeeeeee",
            "name": "Free Website",
            "price": 0,
            "currency": "USD",
        },
        "status": "active",
        "type": kind,
    }


def seed(records: Records, account_id: str, zones: dict[str, str], now: datetime) -> None:
    """Store the zones that exist from the start, where they do not yet."""
    for name, identifier in zones.items():
        if records.get("zone", identifier) is None:
            records.add("zone", account_id, new_zone(identifier, name, account_id, now), name=name)


async def create(call: Call) -> Answer:
    """Add a domain to the account."""
    fields = await call.fields()
    account_id = fields.object("account", {}).text("id", call.cloud.account_id)
    if account_id != call.cloud.account_id:
        raise AuthenticationError
    name = fields.text("name", pattern=DOMAIN)
    zone = new_zone(new_id(), name, account_id, call.now, fields.choice("type", TYPES, "full"))
    async with call.cloud.change() as records:
        try:
            records.add("zone", account_id, zone, name=name)
        except DuplicateError:
            raise ZoneExistsError(name) from None
    return Answer(zone)


async def listing(call: Call) -> Answer:
    """All zones, or those of a name, status or account."""
    wanted: dict[str, Any] = {key: call.query[key] for key in ("name", "status") if key in call.query}
    account_id = call.query.get("account.id", call.cloud.account_id)
    zones = [
        zone
        for zone in call.cloud.store.committed.listed("zone", account_id)
        if wanted.items() <= {key: zone[key] for key in wanted}.items()
    ]
    page, info = paged(zones, call.query)
    return Answer(page, info)


async def read(call: Call) -> Answer:
    """One zone."""
    zone = call.cloud.store.committed.get("zone", call.params["zone_id"])
    if zone is None:
        raise ZoneNotFoundError
    return Answer(zone)


RESOURCE: Resource = {
    "/zones": {"POST": create, "GET": listing},
    "/zones/{zone_id}": {"GET": read},
}
