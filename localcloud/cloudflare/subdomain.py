"""Whether a script answers on workers.dev: kept but not acted on, for the local edge serves routes only."""

from __future__ import annotations

from localcloud.cloudflare.call import Answer, Call, Resource
from localcloud.cloudflare.workers import save_worker, worker_of


async def read(call: Call) -> Answer:
    """The switch."""
    return Answer(worker_of(call, call.cloud.store.committed)["subdomain"])


async def create(call: Call) -> Answer:
    """Set the switch; what is not sent about previews follows it, as at Cloudflare."""
    fields = await call.fields()
    enabled = fields.flag("enabled")
    return await _set(
        call, enabled=enabled, previews_enabled=fields.flag("previews_enabled", default=enabled)
    )


async def delete(call: Call) -> Answer:
    """Turn it off."""
    return await _set(call, enabled=False, previews_enabled=False)


async def _set(call: Call, **subdomain: bool) -> Answer:
    async with call.cloud.change() as records:
        worker = {**worker_of(call, records), "subdomain": subdomain}
        save_worker(call, records, worker)
    return Answer(subdomain)


RESOURCE: Resource = {
    "/accounts/{account_id}/workers/scripts/{script_name}/subdomain": {
        "GET": read,
        "POST": create,
        "DELETE": delete,
    },
}
