"""Workers: the name, settings and subdomain switch of a program; its code comes with versions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from localcloud.cloudflare.call import Answer, Call, Resource
from localcloud.cloudflare.errors import WorkerExistsError, WorkerNotFoundError
from localcloud.cloudflare.fields import Fields
from localcloud.cloudflare.identity import new_id, stamp
from localcloud.cloudflare.observability import observability
from localcloud.cloudflare.paging import paged
from localcloud.cloudflare.store import DuplicateError

if TYPE_CHECKING:
    from localcloud.cloudflare.store import Body, Records

NAME = r"[a-z0-9_][a-z0-9_-]*"
NAME_CHARACTERS = 63  # a worker's name is a DNS label of its workers.dev address
SETTINGS = ("name", "logpush", "observability", "subdomain", "tags", "tail_consumers")
REFERENCES = ("dispatch_namespace_outbounds", "domains", "durable_objects", "queues", "workers")


def settings_of(fields: Fields) -> Body:
    """What a worker is made from; absent fields get Cloudflare's defaults."""
    subdomain = fields.object("subdomain", {})
    return {
        "name": fields.text("name", pattern=NAME, longest=NAME_CHARACTERS),
        "logpush": fields.flag("logpush", default=False),
        "observability": observability(fields.object("observability", {})),
        "subdomain": {
            "enabled": subdomain.flag("enabled", default=False),
            "previews_enabled": subdomain.flag("previews_enabled", default=False),
        },
        "tags": fields.texts("tags", []),
        "tail_consumers": [{"name": one.text("name")} for one in fields.objects("tail_consumers", [])],
    }


def merged(old: Body, patch: Body) -> Body:
    """Apply a partial update: objects are merged, everything else is replaced."""
    return {
        **old,
        **{
            key: merged(old[key], value)
            if isinstance(value, dict) and isinstance(old.get(key), dict)
            else value
            for key, value in patch.items()
        },
    }


def find_worker(records: Records, account_id: str, reference: str) -> Body:
    """Find a worker by its id or its name; both stand in paths.

    Raises:
        WorkerNotFoundError: there is none.
    """
    worker = records.get("worker", reference) or records.named("worker", account_id, reference)
    if worker is None:
        raise WorkerNotFoundError
    return worker


def worker_of(call: Call, records: Records) -> Body:
    """Find the worker that the path names."""
    reference = call.params.get("worker_id") or call.params["script_name"]
    return find_worker(records, call.params["account_id"], reference)


def add_worker(call: Call, records: Records, settings: Body) -> Body:
    """Store a new worker.

    Raises:
        WorkerExistsError: the name is taken.
    """
    made = stamp(call.now)
    worker = {"id": new_id(), **settings, "created_on": made, "updated_on": made, "last_number": 0}
    try:
        records.add("worker", call.params["account_id"], worker, name=worker["name"])
    except DuplicateError:
        raise WorkerExistsError(worker["name"]) from None
    return worker


def save_worker(call: Call, records: Records, worker: Body) -> None:
    """Store a changed worker.

    Raises:
        WorkerExistsError: its new name is taken.
    """
    worker["updated_on"] = stamp(call.now)
    try:
        records.save("worker", worker, name=worker["name"])
    except DuplicateError:
        raise WorkerExistsError(worker["name"]) from None


def remove_worker(records: Records, worker: Body) -> None:
    """Remove a worker with all that goes with it: versions, deployments, cron triggers, routes to it."""
    for version in records.listed("version", worker["id"]):
        records.remove("modules", version["id"])
        records.remove("secrets", version["id"])
    for route in records.every("route"):
        if route["worker_id"] == worker["id"]:
            records.remove("route", route["id"])
    records.remove_within("version", worker["id"])
    records.remove_within("deployment", worker["id"])
    records.remove("schedules", worker["id"])
    records.remove("worker", worker["id"])


def answer_of(records: Records, worker: Body) -> dict[str, Any]:
    """A worker as the API gives it."""
    deployment = records.newest("deployment", worker["id"])
    return {
        **{key: value for key, value in worker.items() if key != "last_number"},
        "deployed_on": deployment and deployment["created_on"],
        "references": {kind: [] for kind in REFERENCES},
    }


async def create(call: Call) -> Answer:
    """Make a worker without code."""
    settings = settings_of(await call.fields())
    async with call.cloud.change() as records:
        return Answer(answer_of(records, add_worker(call, records, settings)))


async def listing(call: Call) -> Answer:
    """All workers of the account."""
    records = call.cloud.store.committed
    page, info = paged(records.listed("worker", call.params["account_id"]), call.query)
    return Answer([answer_of(records, worker) for worker in page], info)


async def read(call: Call) -> Answer:
    """One worker."""
    records = call.cloud.store.committed
    return Answer(answer_of(records, worker_of(call, records)))


async def replace(call: Call) -> Answer:
    """Set all settings anew."""
    return await _change(call, {})


async def edit(call: Call) -> Answer:
    """Set the settings that are sent."""
    records = call.cloud.store.committed
    return await _change(call, worker_of(call, records))


async def _change(call: Call, base: Body) -> Answer:
    sent = (await call.fields()).document
    known = {key: base[key] for key in SETTINGS if key in base}
    settings = settings_of(Fields(merged(known, sent)))
    async with call.cloud.change() as records:
        worker = {**worker_of(call, records), **settings}
        save_worker(call, records, worker)
        return Answer(answer_of(records, worker))


async def delete(call: Call) -> Answer:
    """Remove a worker and its versions, deployments, cron triggers and routes."""
    async with call.cloud.change() as records:
        remove_worker(records, worker_of(call, records))
    return Answer(bare=True)


RESOURCE: Resource = {
    "/accounts/{account_id}/workers/workers": {"POST": create, "GET": listing},
    "/accounts/{account_id}/workers/workers/{worker_id}": {
        "GET": read,
        "PUT": replace,
        "PATCH": edit,
        "DELETE": delete,
    },
}
