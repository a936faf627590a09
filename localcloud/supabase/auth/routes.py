"""`/auth/v1`: sign-up, sign-in, users and their administration.

Left out: everything that sends mail or leaves the machine (magic links, OTP, OAuth, MFA, SSO). Addresses are
confirmed at once.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import psycopg
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from localcloud.supabase.auth import admin, passwords, sessions, users
from localcloud.supabase.auth.body import fields, mapping
from localcloud.supabase.auth.errors import AuthError, bad_token, invalid, refused
from localcloud.supabase.claims import TokenError
from localcloud.supabase.database import BusyError, Connections

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from starlette.requests import Request

    from localcloud.config import Config
    from localcloud.supabase.auth.sessions import Issuer
    from localcloud.supabase.claims import Verifier

    Handler = Callable[[Request], Awaitable[Response]]

CONNECTIONS = 4
VERSION = "v2.180.0"  # of the service whose protocol this is
SCOPES = frozenset({"global", "local", "others"})
PROVIDERS = ("apple", "azure", "github", "google", "phone", "anonymous_users")  # those that clients ask about


class Auth:
    """The service: connections, the issuer of tokens, their verifier."""

    def __init__(self, config: Config, issuer: Issuer, verifier: Verifier) -> None:
        self.connections = Connections(config, "supabase_auth_admin", CONNECTIONS)
        self._issuer = issuer
        self._verifier = verifier

    def routes(self) -> list[Route]:
        """Where it is served, below /auth/v1."""
        administration = admin.Administration(self.connections, self.claims)
        return [
            Route("/health", _health),
            Route("/settings", _settings),
            Route("/.well-known/jwks.json", self._jwks),
            Route("/signup", answering(self._signup), methods=["POST"]),
            Route("/token", answering(self._token), methods=["POST"]),
            Route("/user", answering(self._user), methods=["GET"]),
            Route("/user", answering(self._update), methods=["PUT"]),
            Route("/logout", answering(self._logout), methods=["POST"]),
            Route("/admin/users", answering(administration.list), methods=["GET"]),
            Route("/admin/users", answering(administration.create), methods=["POST"]),
            Route("/admin/users/{id}", answering(administration.get), methods=["GET"]),
            Route("/admin/users/{id}", answering(administration.update), methods=["PUT"]),
            Route("/admin/users/{id}", answering(administration.delete), methods=["DELETE"]),
        ]

    async def user(self, email: str) -> dict[str, Any]:
        """The user of an address, who is created where needed."""
        async with self.connections.one() as connection:
            return await users.ensured(connection, email)

    async def mint(self, email: str, lifetime: int) -> str:
        """An access token for the user of an address, who is created where needed."""
        async with self.connections.one() as connection:
            user = await users.ensured(connection, email)
            session_id = await sessions.begin(connection, user["id"])
            return self._issuer.token(user, session_id, lifetime)

    def claims(self, call: Request) -> dict[str, Any]:
        """The claims of the request's bearer token.

        Raises:
            AuthError: there is none, or it does not hold.
        """
        scheme, _, token = call.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise AuthError(401, "no_authorization", "This endpoint requires a valid Bearer token")
        try:
            return self._verifier.claims(token)
        except TokenError as error:
            message = f"invalid JWT: unable to parse or verify signature, {error}"
            raise bad_token(message) from None

    async def _jwks(self, _: Request) -> Response:
        return JSONResponse(self._issuer.ring.jwks(), headers={"Cache-Control": "public, max-age=600"})

    async def _signup(self, call: Request) -> Response:
        body = await fields(call)
        password = body.get("password") or ""
        if not body.get("email"):
            if password:
                raise invalid("Only an email address is accepted by the local cloud")
            raise AuthError(422, "anonymous_provider_disabled", "Anonymous sign-ins are disabled")
        if not isinstance(password, str) or not password:
            raise invalid("Signup requires a valid password")
        email = users.normal_email(body["email"])
        passwords.check_strength(password)
        digest = await asyncio.to_thread(passwords.hashed, password)
        async with self.connections.one() as connection:
            user = await users.create(
                connection, email=email, password=digest, user_metadata=mapping(body, "data")
            )
            if user is None:
                raise AuthError(422, "user_already_exists", "User already registered")
            return await self._signed_in(connection, user["id"])

    async def _token(self, call: Request) -> Response:
        grant = call.query_params.get("grant_type")
        body = await fields(call)
        if grant == "refresh_token":
            token = str(body.get("refresh_token") or "")
            async with self.connections.one() as connection:
                return JSONResponse(await sessions.refresh(connection, self._issuer, token))
        if grant != "password":
            raise AuthError(400, "invalid_credentials", "unsupported_grant_type")
        if not body.get("email"):
            raise invalid("missing email or phone")
        async with self.connections.one() as connection:
            found = await users.by_email(connection, str(body["email"]).lower())
            user, stored = found or (None, None)
            password = str(body.get("password") or "")
            if not await asyncio.to_thread(passwords.matches, password, stored) or user is None:
                raise AuthError(400, "invalid_credentials", "Invalid login credentials")
            if "email_confirmed_at" not in user:
                raise AuthError(400, "email_not_confirmed", "Email not confirmed")
            return await self._signed_in(connection, user["id"])

    async def _signed_in(self, connection: Any, user_id: str) -> Response:
        session_id = await sessions.begin(connection, user_id)
        return JSONResponse(await sessions.answer(connection, self._issuer, user_id, session_id))

    async def _user(self, call: Request) -> Response:
        claims = self._user_claims(call)
        async with self.connections.one() as connection:
            return JSONResponse(await self._present(connection, claims))

    async def _update(self, call: Request) -> Response:
        claims = self._user_claims(call)
        body = await fields(call)
        changes: dict[str, Any] = {"user_metadata": mapping(body, "data")}
        async with self.connections.one() as connection:
            await self._present(connection, claims)
            if body.get("email"):
                changes["email"] = users.normal_email(body["email"])
            if password := str(body.get("password") or ""):
                passwords.check_strength(password)
                if await asyncio.to_thread(
                    passwords.matches, password, await users.password_of(connection, claims["sub"])
                ):
                    message = "New password should be different from the old password."
                    raise AuthError(422, "same_password", message)
                changes["password"] = await asyncio.to_thread(passwords.hashed, password)
            return JSONResponse(await users.update(connection, claims["sub"], **changes))

    async def _present(self, connection: Any, claims: dict[str, Any]) -> dict[str, Any]:
        session = claims.get("session_id")
        if session is not None and not await sessions.lives(connection, str(session)):
            message = "Session from session_id claim in JWT does not exist"
            raise AuthError(403, "session_not_found", message)
        try:
            return await users.by_id(connection, claims["sub"])
        except AuthError:
            raise AuthError(403, "user_not_found", "User from sub claim in JWT does not exist") from None

    async def _logout(self, call: Request) -> Response:
        scope = call.query_params.get("scope", "global")
        if scope not in SCOPES:
            raise invalid(f'Unsupported logout scope "{scope}"')
        claims = self._user_claims(call)
        async with self.connections.one() as connection:
            await self._present(connection, claims)
            await sessions.end(connection, claims["sub"], str(claims.get("session_id")), scope)
        return Response(status_code=204)

    def _user_claims(self, call: Request) -> dict[str, Any]:
        claims = self.claims(call)
        if not claims.get("sub"):
            raise bad_token("invalid claim: missing sub claim")
        return claims


def answering(handler: Handler) -> Handler:
    """Turn what goes wrong into the service's own errors."""

    async def answer(call: Request) -> Response:
        version = call.headers.get("x-supabase-api-version")
        try:
            return await handler(call)
        except AuthError as error:
            return refused(error, version)
        except psycopg.errors.UniqueViolation:
            message = "A user with this email address has already been registered"
            return refused(AuthError(422, "email_exists", message), version)
        except psycopg.DataError as error:
            return refused(invalid(str(error).splitlines()[0]), version)
        except (psycopg.OperationalError, BusyError, OSError):
            message = "The database does not answer. Run `ops local status`, and `make up` to repair it."
            return refused(AuthError(503, "unexpected_failure", message), version)

    return answer


async def _health(_: Request) -> Response:
    return JSONResponse(
        {"version": VERSION, "name": "GoTrue", "description": "GoTrue is a user registration API"}
    )


async def _settings(_: Request) -> Response:
    return JSONResponse(
        {
            "external": {"email": True, **dict.fromkeys(PROVIDERS, False)},
            "disable_signup": False,
            "mailer_autoconfirm": True,
            "phone_autoconfirm": False,
            "sms_provider": "",
            "saml_enabled": False,
        }
    )
