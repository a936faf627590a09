"""What the edge asks the emulator: the only place that gives secret texts, and only to the edge."""

from __future__ import annotations

from typing import TYPE_CHECKING

from starlette.responses import JSONResponse

from localcloud.cloudflare.edge_view import edge_view, version_view

if TYPE_CHECKING:
    from localcloud.cloudflare.call import Call, Resource


async def state(call: Call) -> JSONResponse:
    """Routes and deployments, with the change that the edge is being asked to take up."""
    return JSONResponse(edge_view(call.cloud.store.newest, call.cloud.account_id))


async def version(call: Call) -> JSONResponse:
    """One version with its code and bindings."""
    found = version_view(call.cloud.store.newest, call.cloud.seal, call.params["version_id"])
    if found is None:
        return JSONResponse({"error": "There is no such version: it was deleted or refused."}, 404)
    return JSONResponse(found)


RESOURCE: Resource = {
    "/_local/edge": {"GET": state},
    "/_local/edge/versions/{version_id}": {"GET": version},
}
