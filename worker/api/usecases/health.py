"""What this worker can do, and whether what it depends on answers."""

from __future__ import annotations

import asyncio
import sys
from typing import TYPE_CHECKING, Any

from api import document
from api.errors import ApiError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from api.core import Core

NOBODY = "00000000-0000-0000-0000-000000000000"


class Health:
    """The health answer; all of it but the time is settled when the worker starts, so it is written once."""

    def __init__(self, core: Core) -> None:
        self._core = core
        self._rest = document.dump({"status": "healthy", **describe(core)})[1:]

    def text(self) -> str:
        """Give the answer as JSON text; no I/O."""
        return f'{{"ok":true,"ts":{int(self._core.clock() * 1000)},{self._rest}'


def describe(core: Core) -> dict[str, Any]:
    """Tell which features are on."""
    settings = core.settings
    renders = settings.runpod
    switches = {
        "clerk_auth_configured": settings.clerk,
        "supabase_configured": settings.supabase,
        "s3_storage_configured": settings.s3,
        "r2_storage_configured": core.media is not None and not settings.s3,
        "runpod_configured": renders,
        "webhook_enabled": bool(settings.webhook_secret),
        "image_generation_available": renders,
        "video_generation_available": renders,
        "secure_api_available": bool(settings.app_admin_token),
    }
    return {
        "environment": settings.environment,
        "version": settings.version,
        "python_version": sys.version.split()[0],
        **switches,
        "features": [
            name.removesuffix("_configured").removesuffix("_available") for name, on in switches.items() if on
        ],
    }


async def probe(core: Core) -> dict[str, dict[str, Any]]:
    """Ask everything that is configured whether it answers, all at once; latencies in milliseconds."""
    probes: dict[str, Awaitable[Any]] = {}
    if core.database:
        probes["database"] = core.database.get(NOBODY, None)
    if core.media:
        probes["storage"] = core.media.health()
    if core.provider:
        probes["provider"] = core.provider.health()
    results = await asyncio.gather(*(_timed(core, probe) for probe in probes.values()))
    return dict(zip(probes, results, strict=True))


async def _timed(core: Core, probe: Awaitable[Any]) -> dict[str, Any]:
    began = core.clock()
    try:
        await probe
    except ApiError as error:
        return {"ok": False, "latency_ms": _since(core, began), "error": core.redactor.text(error.message)}
    return {"ok": True, "latency_ms": _since(core, began)}


def _since(core: Core, began: float) -> int:
    return round((core.clock() - began) * 1000)
