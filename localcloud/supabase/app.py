"""Puts the services together."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from starlette.applications import Starlette
from starlette.middleware import Middleware
from starlette.responses import JSONResponse
from starlette.routing import Mount

from localcloud.request_log import RequestLog
from localcloud.supabase.auth.routes import Auth
from localcloud.supabase.auth.sessions import Issuer
from localcloud.supabase.claims import Verifier
from localcloud.supabase.gateway import Gateway
from localcloud.supabase.local import Local
from localcloud.supabase.rest.routes import Rest
from localcloud.supabase.signing import ALGORITHMS, KeyRing

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from starlette.types import Receive, Scope, Send

    from localcloud.config import Config


def build(config: Config) -> RequestLog:
    """The app of one checkout's Supabase; it connects to the database when it is first asked."""
    url = f"http://127.0.0.1:{config.ports.supabase}"
    rings = {issuer: KeyRing(config.data("supabase"), issuer) for issuer in ALGORITHMS}
    verifier = Verifier(config.secrets.supabase_jwt_secret, rings["supabase"])
    auth = Auth(config, Issuer(f"{url}/auth/v1", rings["supabase"]), verifier)
    rest = Rest(config, verifier)
    local = Local(config, auth, rings, f"{url}/clerk")

    @asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        yield
        await rest.close()
        await auth.connections.close()

    app = Starlette(
        routes=[
            Mount("/rest/v1", routes=rest.routes()),
            Mount("/auth/v1", routes=auth.routes()),
            *local.routes(),
        ],
        middleware=[Middleware(Gateway, config=config)],
        lifespan=lifespan,
    )
    return RequestLog(app, _failed)


async def _failed(scope: Scope, receive: Receive, send: Send) -> None:
    await JSONResponse({"message": "internal error; see `ops local logs supabase`"}, 500)(
        scope, receive, send
    )
