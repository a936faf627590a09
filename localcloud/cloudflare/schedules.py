"""Cron triggers of a script: when the edge sends its newest deployed version an event."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.cloudflare.call import Answer, Call, Resource
from localcloud.cloudflare.cron import plain_cron
from localcloud.cloudflare.errors import ApiError, InvalidRequestError
from localcloud.cloudflare.fields import parse_json
from localcloud.cloudflare.identity import stamp
from localcloud.cloudflare.workers import worker_of

if TYPE_CHECKING:
    from localcloud.cloudflare.store import Body, Records

MOST = 250  # developers.cloudflare.com/workers/platform/limits: cron triggers per account, paid plan


class TooManyCronsError(ApiError):
    """The account would have more triggers than it may."""

    code = 10072

    def __init__(self) -> None:
        super().__init__("workers.api.error.too_many_crons")


def crons_of(document: Any) -> list[str]:
    """Read the expressions of a request, each once, in the order sent; pure.

    Raises:
        InvalidRequestError: it is no list of objects with a `cron`.
        InvalidCronError: an expression is none.
    """
    if not isinstance(document, list) or not all(
        isinstance(one, dict) and isinstance(one.get("cron"), str) for one in document
    ):
        raise InvalidRequestError(
            "Could not parse request body. Please ensure the request is valid and try again."
        )
    crons = list(dict.fromkeys(one["cron"] for one in document))
    for cron in crons:
        plain_cron(cron)
    return crons


async def read(call: Call) -> Answer:
    """The triggers."""
    records = call.cloud.store.committed
    return Answer({"schedules": _kept(records, worker_of(call, records))})


async def replace(call: Call) -> Answer:
    """Set all triggers anew; those that were there before keep their times."""
    crons = crons_of(parse_json(await call.raw()))
    made = stamp(call.now)
    async with call.cloud.change() as records:
        worker = worker_of(call, records)
        before = {one["cron"]: one for one in _kept(records, worker)}
        schedules = [
            before.get(cron, {"cron": cron, "created_on": made, "modified_on": made}) for cron in crons
        ]
        records.remove("schedules", worker["id"])
        if sum(len(one["schedules"]) for one in records.every("schedules")) + len(schedules) > MOST:
            raise TooManyCronsError
        if schedules:
            records.add("schedules", call.params["account_id"], {"id": worker["id"], "schedules": schedules})
    return Answer({"schedules": schedules})


def _kept(records: Records, worker: Body) -> list[Body]:
    kept = records.get("schedules", worker["id"])
    schedules: list[Body] = kept["schedules"] if kept else []
    return schedules


RESOURCE: Resource = {
    "/accounts/{account_id}/workers/scripts/{script_name}/schedules": {"GET": read, "PUT": replace},
}
