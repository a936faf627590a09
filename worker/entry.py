"""The worker: wires the core to the Workers runtime, once an isolate, and serves.

Runtime specific are this file and `api/adapters/`: they import `js`, `pyodide` and `workers`, which only
workerd offers. All else is plain Python, and runs in its tests without a runtime.
"""

from __future__ import annotations

import time
from dataclasses import asdict
from typing import TYPE_CHECKING, Any

from js import console
from workers import WorkerEntrypoint

from api.adapters import outbound
from api.adapters.r2 import R2
from api.adapters.runpod import RunPod
from api.adapters.runtime import Server
from api.adapters.supabase import Supabase
from api.adapters.webcrypto import WebCrypto
from api.application import Application
from api.auth import Authenticator
from api.core import Core
from api.domain.redaction import Redactor
from api.families import families
from api.log import JsonLog
from api.settings import Settings
from api.usecases import reconciliation

if TYPE_CHECKING:
    from api.ports import Media


class Default(WorkerEntrypoint):  # type: ignore[misc]  # the runtime's class has no types
    """What the runtime calls. It makes one an event; what is costly is kept beside it."""

    async def fetch(self, request: Any) -> Any:
        """Answer a request."""
        # The runtime wraps requests in a class of its own; the one underneath is all that is needed.
        return await (_servers[0] if _servers else _start(self.env)).serve(request.js_object, self.ctx)

    async def scheduled(self, controller: Any, env: Any, ctx: Any) -> None:  # noqa: ARG002  # Cloudflare's
        """Settle the jobs that went silent; the cron trigger calls it each minute.

        The bindings are `self`'s: Cloudflare has been seen to pass None for `env` and `ctx`.

        Raises:
            UnavailableError: the database does not answer; the runtime notes it as the event's outcome.
        """
        core = _cores[0] if _cores else _wire(self.env)
        if core.database is None:
            return
        settled = await reconciliation.run(core)
        core.log("info", "silent jobs settled", **asdict(settled))


# Bindings never change within a version, so one of each is enough for an isolate.
_cores: list[Core] = []
_servers: list[Server] = []


def _start(env: Any) -> Server:
    core = _cores[0] if _cores else _wire(env)
    _servers.append(Server(Application(core, families(core))))
    return _servers[0]


def _wire(env: Any) -> Core:
    settings = Settings.read(lambda name: _text(env, name))
    redactor = Redactor(settings.secrets)
    core = Core(
        settings=settings,
        auth=Authenticator(settings, outbound.send, WebCrypto(), time.time),
        database=Supabase(settings, outbound.send) if settings.supabase else None,
        media=_media(settings, getattr(env, "MEDIA", None)),
        provider=RunPod(settings, outbound.send) if settings.runpod else None,
        redactor=redactor,
        clock=time.time,
        log=JsonLog(redactor, console.log),
    )
    _cores.append(core)
    return core


def _media(settings: Settings, bucket: Any) -> Media | None:
    if settings.s3:
        from api.adapters.s3 import S3  # noqa: PLC0415 - few stacks keep files there, so not at start

        return S3(settings, outbound.transfer, time.time)
    return R2(bucket, settings) if bucket and settings.media_storage == "r2" else None


def _text(env: Any, name: str) -> str | None:
    value = getattr(env, name, None)
    return value if isinstance(value, str) else None
