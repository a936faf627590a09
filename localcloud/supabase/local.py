"""`/_local` and `/clerk`: health, users, tokens, keys, for the local cloud's own tools; not Supabase's."""

from __future__ import annotations

import hmac
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse
from starlette.routing import Route

from localcloud.supabase import clerk
from localcloud.supabase.auth.body import fields
from localcloud.supabase.auth.errors import AuthError, invalid
from localcloud.supabase.auth.routes import answering
from localcloud.supabase.auth.users import normal_email

if TYPE_CHECKING:
    from starlette.requests import Request
    from starlette.responses import Response

    from localcloud.config import Config
    from localcloud.supabase.auth.routes import Auth
    from localcloud.supabase.signing import KeyRing


class Local:
    """The routes that need the local cloud's own secret, and Clerk's public keys."""

    def __init__(self, config: Config, auth: Auth, rings: dict[str, KeyRing], clerk_issuer: str) -> None:
        self._control = config.secrets.control
        self._auth = auth
        self._rings = rings
        self._clerk_issuer = clerk_issuer

    def routes(self) -> list[Route]:
        """Where they are served."""
        return [
            Route("/_local/health", _health),
            Route("/_local/users", answering(self._user), methods=["POST"]),
            Route("/_local/tokens", answering(self._token), methods=["POST"]),
            Route("/_local/keys/{issuer}/rotate", answering(self._rotate), methods=["POST"]),
            Route("/clerk/.well-known/jwks.json", self._clerk_keys),
        ]

    async def _clerk_keys(self, _: Request) -> Response:
        return JSONResponse(self._rings["clerk"].jwks(), headers={"Cache-Control": "public, max-age=600"})

    async def _user(self, call: Request) -> Response:
        self._require_control(call)
        email, issuer = self._person(await fields(call))
        if issuer == "clerk":
            return JSONResponse({"id": clerk.user_id(self._clerk_issuer, email), "email": email})
        user = await self._auth.user(email)
        return JSONResponse({"id": user["id"], "email": user["email"]})

    async def _token(self, call: Request) -> Response:
        self._require_control(call)
        body = await fields(call)
        email, issuer = self._person(body)
        lifetime = body.get("expires_in")
        if not isinstance(lifetime, int):
            raise invalid("expires_in (seconds) is required")
        if issuer == "clerk":
            return JSONResponse(
                {"token": clerk.token(self._rings["clerk"], self._clerk_issuer, email, lifetime)}
            )
        return JSONResponse({"token": await self._auth.mint(email, lifetime)})

    def _person(self, body: dict[str, Any]) -> tuple[str, str]:
        issuer = body.get("issuer")
        if issuer not in self._rings:
            raise invalid("the issuer is supabase or clerk")
        return normal_email(body.get("email")), issuer

    async def _rotate(self, call: Request) -> Response:
        self._require_control(call)
        ring = self._rings.get(call.path_params["issuer"])
        if ring is None:
            raise invalid("the issuer is supabase or clerk")
        return JSONResponse({"kid": ring.rotate()})

    def _require_control(self, call: Request) -> None:
        given = call.headers.get("authorization", "").encode()
        if not hmac.compare_digest(given, f"Bearer {self._control}".encode()):
            raise AuthError(401, "no_authorization", "This endpoint is for the local cloud's own tools")


async def _health(_: Request) -> Response:
    return JSONResponse({"ok": True})
