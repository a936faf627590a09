"""Settings of a script: those it has as a whole, and those of the version that was made last."""

from __future__ import annotations

from dataclasses import replace as changed
from typing import TYPE_CHECKING, Any

from localcloud.cloudflare.bindings import parse_bindings, resolve
from localcloud.cloudflare.call import Answer, Call, Resource
from localcloud.cloudflare.deployments import deploy
from localcloud.cloudflare.errors import SecretEditError
from localcloud.cloudflare.fields import Fields
from localcloud.cloudflare.multipart import read_upload
from localcloud.cloudflare.observability import observability
from localcloud.cloudflare.script_secrets import editable
from localcloud.cloudflare.version_draft import compatibility_date
from localcloud.cloudflare.versions import add_bound_version, draft_from
from localcloud.cloudflare.workers import merged, save_worker, worker_of

if TYPE_CHECKING:
    from localcloud.cloudflare.store import Body, Records
    from localcloud.cloudflare.version_draft import Draft


class SettingsEditError(SecretEditError):
    """Settings of a version were sent while the newest one is not the one that serves."""

    code = 10214


def script_settings(fields: Fields, worker: Body) -> Body:
    """Those settings of a worker that a request to its script changes; the others stay."""
    settings: Body = fields.sent(logpush=fields.flag, tags=fields.texts)
    if fields.has("observability"):
        sent = merged(worker["observability"], fields.object("observability").document)
        settings["observability"] = observability(Fields(sent, "observability"))
    if fields.has("tail_consumers"):
        settings["tail_consumers"] = [
            {"name": one.text("service")} for one in fields.objects("tail_consumers")
        ]
    return settings


def settings_answer(worker: Body) -> dict[str, Any]:
    """The settings as a script's answers carry them."""
    return {
        "logpush": worker["logpush"],
        "observability": worker["observability"],
        "tags": worker["tags"],
        "tail_consumers": [{"service": one["name"]} for one in worker["tail_consumers"]],
    }


def version_answer(records: Records, worker: Body) -> dict[str, Any]:
    """The settings, and what the newest version adds."""
    version = records.newest("version", worker["id"])
    names = ("bindings", "compatibility_date", "compatibility_flags", "usage_model", "placement", "limits")
    return settings_answer(worker) | {name: version[name] for name in names if version and name in version}


async def read_script(call: Call) -> Answer:
    """What the script has as a whole."""
    return Answer(settings_answer(worker_of(call, call.cloud.store.committed)))


async def edit_script(call: Call) -> Answer:
    """Change it; no version is made."""
    fields = await call.fields()
    async with call.cloud.change() as records:
        worker = worker_of(call, records)
        worker = {**worker, **script_settings(fields, worker)}
        save_worker(call, records, worker)
    return Answer(settings_answer(worker))


async def read(call: Call) -> Answer:
    """Everything, the newest version's bindings included; secrets by name only."""
    records = call.cloud.store.committed
    return Answer(version_answer(records, worker_of(call, records)))


async def edit(call: Call) -> Answer:
    """Change settings and bindings: a new version with the same code, deployed."""
    fields, _ = await read_upload(call, "settings")
    async with call.cloud.change() as records:
        worker = worker_of(call, records)
        try:
            before = editable(records, worker)
        except SecretEditError:
            raise SettingsEditError from None
        worker = {**worker, **script_settings(fields, worker)}
        save_worker(call, records, worker)
        bound = before
        if fields.has("bindings"):
            given = parse_bindings(fields.objects("bindings"))
            bound = resolve(records, call.cloud.seal, worker, call.params["account_id"], given)
        draft = _edited(records, worker, fields, call)
        version = await add_bound_version(call, records, worker, draft, bound)
        deploy(call, records, worker, [{"version_id": version["id"], "percentage": 100}], {})
        return Answer(version_answer(records, worker))


def _edited(records: Records, worker: Body, fields: Fields, call: Call) -> Draft:
    draft = draft_from(records, records.newest("version", worker["id"]) or {})
    return changed(
        draft,
        compatibility_date=compatibility_date(
            fields.text("compatibility_date", draft.compatibility_date), call.now
        ),
        compatibility_flags=fields.texts("compatibility_flags", draft.compatibility_flags),
    )


RESOURCE: Resource = {
    "/accounts/{account_id}/workers/scripts/{script_name}/script-settings": {
        "GET": read_script,
        "PATCH": edit_script,
    },
    "/accounts/{account_id}/workers/scripts/{script_name}/settings": {"GET": read, "PATCH": edit},
}
