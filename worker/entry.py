"""The worker: wires the core to the Workers runtime, once an isolate, and serves.

Runtime specific are this file and `api/adapters/`: they import `js`, `pyodide` and `workers`, which only
workerd offers. All else is plain Python, and runs in its tests without a runtime.
"""

from __future__ import annotations

import time
from typing import Any

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
from api.log import JsonLog
from api.openapi import described
from api.routes.alphogenai import AlphoGenAI
from api.routes.cineweave import CineWeave
from api.routes.sorami import Sorami
from api.settings import Settings


class Default(WorkerEntrypoint):  # type: ignore[misc]  # the runtime's class has no types
    """What the runtime calls. It makes one an event; what is costly is kept beside it."""

    async def fetch(self, request: Any) -> Any:
        """Answer a request."""
        # The runtime wraps requests in a class of its own; the one underneath is all that is needed.
        return await (_servers[0] if _servers else _start(self.env)).serve(request.js_object)


_servers: list[Server] = []


def _start(env: Any) -> Server:
    """Make the isolate's server; bindings never change within a version, so one is enough."""
    _servers.append(Server(_application(env)))
    return _servers[0]


def _application(env: Any) -> Application:
    settings = Settings.read(lambda name: _text(env, name))
    redactor = Redactor(settings.secrets)
    bucket = getattr(env, "MEDIA", None)
    core = Core(
        settings=settings,
        auth=Authenticator(settings, outbound.send, WebCrypto(), time.time),
        database=Supabase(settings, outbound.send) if settings.supabase else None,
        media=R2(bucket) if bucket else None,
        provider=RunPod(settings, outbound.send) if settings.runpod else None,
        redactor=redactor,
        clock=time.time,
        log=JsonLog(redactor, console.log),
    )
    families = (AlphoGenAI(core).family(), CineWeave(core).family(), Sorami(core).family())
    return Application(core, described(*families))


def _text(env: Any, name: str) -> str | None:
    value = getattr(env, name, None)
    return value if isinstance(value, str) else None
