"""Scripts: the older face of a worker, by its name; an upload is a version and its deployment in one."""

from __future__ import annotations

from base64 import b64decode
from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

from starlette.responses import Response

from localcloud.cloudflare.bindings import bound_of
from localcloud.cloudflare.call import Answer, Call, Resource
from localcloud.cloudflare.deployments import deploy
from localcloud.cloudflare.errors import WorkerNotFoundError
from localcloud.cloudflare.identity import new_id
from localcloud.cloudflare.multipart import read_upload, write_upload
from localcloud.cloudflare.script_settings import script_settings, settings_answer
from localcloud.cloudflare.version_draft import Draft, draft_of
from localcloud.cloudflare.versions import add_version, draft_from
from localcloud.cloudflare.workers import add_worker, remove_worker, save_worker, settings_of, worker_of

if TYPE_CHECKING:
    from localcloud.cloudflare.fields import Fields
    from localcloud.cloudflare.store import Body, Records


def serving(records: Records, worker: Body) -> Body | None:
    """The version that answers most requests, or the newest where none is deployed."""
    deployment = records.newest("deployment", worker["id"])
    if deployment is None:
        return records.newest("version", worker["id"])
    most = max(deployment["versions"], key=lambda one: one["percentage"])
    return records.get("version", most["version_id"])


def answer_of(records: Records, worker: Body) -> dict[str, Any]:
    """A script as the API gives it."""
    version = serving(records, worker)
    answer = {
        "id": worker["name"],
        "tag": worker["id"],
        "etag": (version or worker)["id"].replace("-", ""),
        "created_on": worker["created_on"],
        "modified_on": version["created_on"] if version else worker["updated_on"],
        "handlers": ["fetch"] if version else [],
        "has_assets": False,
        "has_modules": True,
        "last_deployed_from": "api",
        **settings_answer(worker),
    }
    if version is None:
        return answer
    names = ("compatibility_date", "compatibility_flags", "usage_model")
    return answer | {name: version[name] for name in names}


def _routes_of(records: Records, worker: Body) -> list[dict[str, Any]]:
    return [
        {"id": route["id"], "pattern": route["pattern"], "script": worker["name"]}
        for route in records.every("route")
        if route["worker_id"] == worker["id"]
    ]


async def listing(call: Call) -> Answer:
    """All scripts of the account, with their routes."""
    records = call.cloud.store.committed
    workers = records.listed("worker", call.params["account_id"])
    return Answer(
        [{**answer_of(records, worker), "routes": _routes_of(records, worker)} for worker in workers]
    )


async def content(call: Call) -> Response:
    """The modules of the version that serves, as a multipart form."""
    records = call.cloud.store.committed
    version = serving(records, worker_of(call, records))
    if version is None:
        raise WorkerNotFoundError
    modules = [
        (module["name"], module["content_type"], b64decode(module["content_base64"]))
        for module in draft_from(records, version).modules
    ]
    boundary = new_id()
    headers = {
        "content-type": f"multipart/form-data; boundary={boundary}",
        "cf-entrypoint": version["main_module"],
    }
    try:
        return Response(write_upload(modules, boundary), headers=headers)
    except UnicodeEncodeError:  # a main module may have a name that no header can carry
        del headers["cf-entrypoint"]
        return Response(write_upload(modules, boundary), headers=headers)


async def upload(call: Call) -> Answer:
    """Make or replace a script: its settings, a new version, and a deployment of it."""
    metadata, modules = await read_upload(call)
    draft = draft_of(metadata, modules, call.now)
    async with call.cloud.change() as records:
        worker = _uploaded_worker(call, records, metadata)
        kept = _kept(records, worker, draft, metadata.texts("keep_bindings", []))
        version = await add_version(call, records, worker, changed(draft, bindings=[*draft.bindings, *kept]))
        deploy(call, records, worker, [{"version_id": version["id"], "percentage": 100}], {})
        answer = answer_of(records, worker)
    return Answer({**answer, "entry_point": draft.main_module, "startup_time_ms": version["startup_time_ms"]})


def _uploaded_worker(call: Call, records: Records, metadata: Fields) -> Body:
    name = call.params["script_name"]
    worker = records.named("worker", call.params["account_id"], name)
    if worker is None:
        settings = settings_of(type(metadata)({"name": name}))
        worker = add_worker(call, records, settings)
    worker = {**worker, **script_settings(metadata, worker)}
    save_worker(call, records, worker)
    return worker


def _kept(records: Records, worker: Body, draft: Draft, kinds: list[str]) -> list[Body]:
    """Bindings of the version before that the upload keeps by their type."""
    newest = records.newest("version", worker["id"])
    if newest is None:
        return []
    sent = {binding["name"] for binding in draft.bindings}
    return [
        {"type": "inherit", "name": binding["name"]}
        for binding in bound_of(records, newest["id"]).bindings
        if binding["type"] in kinds and binding["name"] not in sent
    ]


async def delete(call: Call) -> Answer:
    """Remove the worker and all that goes with it."""
    async with call.cloud.change() as records:
        remove_worker(records, worker_of(call, records))
    return Answer(None)


async def service(call: Call) -> Answer:
    """The script as wrangler and the Terraform-based provider look it up, in `default_environment.script`."""
    records = call.cloud.store.committed
    worker = worker_of(call, records)
    times = {"created_on": worker["created_on"], "modified_on": worker["updated_on"]}
    environment = {"environment": "production", **times, "script": answer_of(records, worker)}
    return Answer(
        {"id": worker["name"], **times, "default_environment": environment, "environments": [environment]}
    )


RESOURCE: Resource = {
    "/accounts/{account_id}/workers/scripts": {"GET": listing},
    "/accounts/{account_id}/workers/scripts/{script_name}": {"GET": content, "PUT": upload, "DELETE": delete},
    "/accounts/{account_id}/workers/scripts/{script_name}/content/v2": {"GET": content},
    "/accounts/{account_id}/workers/services/{script_name}": {"GET": service},
}
