"""Routes of a zone: which requests run which worker."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from localcloud.cloudflare.call import Answer, Call, Resource
from localcloud.cloudflare.errors import InvalidRoutePatternError, RouteExistsError, RouteNotFoundError
from localcloud.cloudflare.identity import new_id
from localcloud.cloudflare.store import DuplicateError
from localcloud.cloudflare.workers import find_worker

if TYPE_CHECKING:
    from localcloud.cloudflare.fields import Fields
    from localcloud.cloudflare.store import Body, Records

HOST = re.compile(r"(\*|\*?[a-z0-9_-]+)(\.[a-z0-9_-]+)*")


def parse_pattern(pattern: str, zone: str) -> str:
    """See that a pattern is one and lies in its zone; pure.

    Source: developers.cloudflare.com/workers/configuration/routing/routes, "Validity".

    Raises:
        InvalidRoutePatternError: it is not, or does not.
    """
    rest = re.sub(r"^https?://", "", pattern)
    host, _, path = rest.partition("/")
    if "?" in rest or re.search(r"[\s\x00-\x1f\x7f#]", rest):
        raise InvalidRoutePatternError(
            f"{pattern[:200]!r}: a route pattern holds no query, fragment or spaces."
        )
    if not HOST.fullmatch(host.lower()) or "*" in path[:-1]:
        raise InvalidRoutePatternError(
            f"{pattern[:200]!r}: a route pattern is a host name and a path; * may stand only at the start "
            "of the host and at the end of the path."
        )
    bare = host.lower().lstrip("*")
    if bare.removeprefix(".") != zone and not bare.endswith(f".{zone}"):
        raise InvalidRoutePatternError(f"{pattern[:200]!r} does not lie in the zone {zone}.")
    return pattern


def answer_of(records: Records, route: Body) -> dict[str, Any]:
    """A route as the API gives it; no `script` where no worker runs."""
    worker = records.get("worker", route["worker_id"]) if route["worker_id"] else None
    answer = {"id": route["id"], "pattern": route["pattern"]}
    return {**answer, "script": worker["name"]} if worker else answer


def _route_from(call: Call, records: Records, fields: Fields, identifier: str) -> Body:
    zone = records.get("zone", call.params["zone_id"]) or {}
    script = fields.text("script", None)
    return {
        "id": identifier,
        "zone_id": zone["id"],
        "pattern": parse_pattern(fields.text("pattern", longest=2048), zone["name"]),
        "worker_id": find_worker(records, call.cloud.account_id, script)["id"] if script else None,
    }


def _route_of(call: Call, records: Records) -> Body:
    route = records.get("route", call.params["route_id"])
    if route is None or route["zone_id"] != call.params["zone_id"]:
        raise RouteNotFoundError
    return route


async def create(call: Call) -> Answer:
    """Make a route."""
    fields = await call.fields()
    async with call.cloud.change() as records:
        route = _route_from(call, records, fields, new_id())
        try:
            records.add("route", route["zone_id"], route, name=route["pattern"])
        except DuplicateError:
            raise RouteExistsError from None
        return Answer(answer_of(records, route))


async def listing(call: Call) -> Answer:
    """All routes of the zone."""
    records = call.cloud.store.committed
    return Answer([answer_of(records, route) for route in records.listed("route", call.params["zone_id"])])


async def read(call: Call) -> Answer:
    """One route."""
    records = call.cloud.store.committed
    return Answer(answer_of(records, _route_of(call, records)))


async def replace(call: Call) -> Answer:
    """Change pattern or script."""
    fields = await call.fields()
    async with call.cloud.change() as records:
        route = _route_from(call, records, fields, _route_of(call, records)["id"])
        try:
            records.save("route", route, name=route["pattern"])
        except DuplicateError:
            raise RouteExistsError from None
        return Answer(answer_of(records, route))


async def delete(call: Call) -> Answer:
    """Remove a route."""
    async with call.cloud.change() as records:
        route = _route_of(call, records)
        records.remove("route", route["id"])
    return Answer({"id": route["id"]})


RESOURCE: Resource = {
    "/zones/{zone_id}/workers/routes": {"POST": create, "GET": listing},
    "/zones/{zone_id}/workers/routes/{route_id}": {"GET": read, "PUT": replace, "DELETE": delete},
}
