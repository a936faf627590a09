"""Versions of a worker: code and bindings, checked by the edge before they are stored, then fixed."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

from localcloud.cloudflare.bindings import Bound, resolve
from localcloud.cloudflare.call import Answer, Call, Resource
from localcloud.cloudflare.deployments import deploy, deployed_ids
from localcloud.cloudflare.errors import InvalidDeploymentError, VersionNotFoundError
from localcloud.cloudflare.identity import new_uuid, stamp
from localcloud.cloudflare.paging import paged
from localcloud.cloudflare.version_draft import Draft, draft_of, modules_of
from localcloud.cloudflare.workers import worker_of

if TYPE_CHECKING:
    from localcloud.cloudflare.store import Body, Records

HIDDEN = ("worker_id",)


async def add_version(call: Call, records: Records, worker: Body, draft: Draft) -> Body:
    """Store a version once the edge has booted it.

    Raises:
        InvalidVersionError: it does not start; the error is the program's own.
    """
    bound = resolve(records, call.cloud.seal, worker, call.params["account_id"], draft.bindings)
    return await add_bound_version(call, records, worker, draft, bound)


async def add_bound_version(call: Call, records: Records, worker: Body, draft: Draft, bound: Bound) -> Body:
    """Like `add_version`, with bindings that are resolved already."""
    worker["last_number"] += 1
    records.save("worker", worker, name=worker["name"])
    version = {
        "id": new_uuid(),
        "worker_id": worker["id"],
        "number": worker["last_number"],
        "created_on": stamp(call.now),
        "source": "api",
        "urls": [],
        "main_module": draft.main_module,
        "bindings": bound.bindings,
        "compatibility_date": draft.compatibility_date,
        "compatibility_flags": draft.compatibility_flags,
        "usage_model": draft.usage_model,
        **draft.extras,
    }
    if draft.annotations:
        version["annotations"] = draft.annotations
    records.add("version", worker["id"], version)
    records.add("modules", worker["id"], {"id": version["id"], "modules": draft.modules})
    records.add("secrets", worker["id"], {"id": version["id"], "texts": bound.texts})
    version["startup_time_ms"] = await call.cloud.edge.check(version["id"])
    records.save("version", version)
    return version


def draft_from(records: Records, version: Body) -> Draft:
    """Take a stored version as the start of the next one; its bindings are left to the caller."""
    modules = records.get("modules", version["id"])
    if modules is None:
        raise VersionNotFoundError
    return Draft(
        main_module=version["main_module"],
        modules=modules["modules"],
        bindings=[],
        compatibility_date=version["compatibility_date"],
        compatibility_flags=version["compatibility_flags"],
        usage_model=version["usage_model"],
        annotations={},
        extras={name: version[name] for name in ("placement", "cache_options", "limits") if name in version},
    )


async def amend(call: Call, records: Records, worker: Body, bound: Bound, trigger: str) -> Body:
    """Make the newest version anew with other bindings and deploy it, as a secret's change does."""
    newest = records.newest("version", worker["id"])
    if newest is None:
        raise VersionNotFoundError
    draft = changed(draft_from(records, newest), annotations={"workers/triggered_by": trigger})
    version = await add_bound_version(call, records, worker, draft, bound)
    deploy(
        call,
        records,
        worker,
        [{"version_id": version["id"], "percentage": 100}],
        {"workers/triggered_by": trigger},
    )
    return version


def answer_of(version: Body, modules: list[Body] | None = None) -> dict[str, Any]:
    """A version as the API gives it; modules only where they are asked for."""
    shown = {key: value for key, value in version.items() if key not in HIDDEN}
    return shown if modules is None else {**shown, "modules": modules}


def _version_of(call: Call, records: Records) -> Body:
    worker = worker_of(call, records)
    version = records.get("version", call.params["version_id"])
    if version is None or version["worker_id"] != worker["id"]:
        raise VersionNotFoundError
    return version


async def create(call: Call) -> Answer:
    """Make a version, and deploy it where `deploy=true` is asked."""
    fields = await call.fields()
    draft = draft_of(fields, modules_of(fields.objects("modules", [])), call.now)
    async with call.cloud.change() as records:
        worker = worker_of(call, records)
        version = await add_version(call, records, worker, draft)
        if call.query.get("deploy") == "true":
            deploy(call, records, worker, [{"version_id": version["id"], "percentage": 100}], {})
    return Answer(answer_of(version, draft.modules))


async def listing(call: Call) -> Answer:
    """A worker's versions, newest first, without their modules."""
    records = call.cloud.store.committed
    versions = records.listed("version", worker_of(call, records)["id"])[::-1]
    page, info = paged(versions, call.query)
    return Answer([answer_of(version) for version in page], info)


async def read(call: Call) -> Answer:
    """One version; with its modules for `include=modules`."""
    records = call.cloud.store.committed
    version = _version_of(call, records)
    if call.query.get("include") != "modules":
        return Answer(answer_of(version))
    return Answer(answer_of(version, draft_from(records, version).modules))


async def delete(call: Call) -> Answer:
    """Remove a version that is not deployed."""
    async with call.cloud.change() as records:
        version = _version_of(call, records)
        if version["id"] in deployed_ids(records, version["worker_id"]):
            raise InvalidDeploymentError(
                "This version is deployed. Deploy another version, then delete this one."
            )
        for kind in ("version", "modules", "secrets"):
            records.remove(kind, version["id"])
    return Answer(bare=True)


RESOURCE: Resource = {
    "/accounts/{account_id}/workers/workers/{worker_id}/versions": {"POST": create, "GET": listing},
    "/accounts/{account_id}/workers/workers/{worker_id}/versions/{version_id}": {
        "GET": read,
        "DELETE": delete,
    },
}
