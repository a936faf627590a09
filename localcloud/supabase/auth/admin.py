"""The administration of users, for the service role."""

from __future__ import annotations

import asyncio
import uuid
from typing import TYPE_CHECKING, Any

from starlette.responses import JSONResponse

from localcloud.supabase.auth import passwords, users
from localcloud.supabase.auth.body import fields, mapping
from localcloud.supabase.auth.errors import AuthError, invalid

if TYPE_CHECKING:
    from collections.abc import Callable

    from starlette.requests import Request
    from starlette.responses import Response

    from localcloud.supabase.database import Connections

PAGE = 50
ROLES = frozenset({"service_role", "supabase_admin"})


class Administration:
    """The handlers below /admin/users."""

    def __init__(self, connections: Connections, claims: Callable[[Request], dict[str, Any]]) -> None:
        self._connections = connections
        self._claims = claims

    async def list(self, call: Request) -> Response:
        """GET: one page of users; `X-Total-Count` and `Link` say how many there are."""
        self._require(call)
        number, size = _number(call, "page", 1), _number(call, "per_page", PAGE)
        async with self._connections.one() as connection:
            found, total = await users.page(connection, number, size)
        headers = {"X-Total-Count": str(total), "Link": _links(number, size, total)}
        return JSONResponse({"users": found, "aud": "authenticated"}, headers=headers)

    async def create(self, call: Request) -> Response:
        """POST: a user, with or without a password."""
        self._require(call)
        body = await fields(call)
        if not body.get("email"):
            raise invalid("Cannot create a user without either an email or phone")
        email = users.normal_email(body["email"])
        changes = await _changes(body)
        user_id = _user_id(body["id"]) if body.get("id") else None
        confirmed = bool(body.get("email_confirm"))
        async with self._connections.one() as connection:
            user = await users.create(
                connection, **{**changes, "id": user_id, "email": email, "confirmed": confirmed}
            )
        if user is None:
            message = "A user with this email address has already been registered"
            raise AuthError(422, "email_exists", message)
        return JSONResponse(user)

    async def get(self, call: Request) -> Response:
        """GET one user."""
        self._require(call)
        async with self._connections.one() as connection:
            return JSONResponse(await users.by_id(connection, _user_id(call.path_params["id"])))

    async def update(self, call: Request) -> Response:
        """PUT: change what is given."""
        self._require(call)
        body = await fields(call)
        changes = await _changes(body)
        if body.get("email"):
            changes["email"] = users.normal_email(body["email"])
        async with self._connections.one() as connection:
            user_id = _user_id(call.path_params["id"])
            return JSONResponse(await users.update(connection, user_id, **changes))

    async def delete(self, call: Request) -> Response:
        """DELETE one user."""
        self._require(call)
        async with self._connections.one() as connection:
            await users.remove(connection, _user_id(call.path_params["id"]))
        return JSONResponse({})

    def _require(self, call: Request) -> None:
        if self._claims(call).get("role") not in ROLES:
            raise AuthError(403, "not_admin", "User not allowed")


async def _changes(body: dict[str, Any]) -> dict[str, Any]:
    changes: dict[str, Any] = {
        "user_metadata": mapping(body, "user_metadata"),
        "app_metadata": mapping(body, "app_metadata"),
        "role": body.get("role") or None,
        "confirmed": bool(body.get("email_confirm")),
    }
    if password := str(body.get("password") or ""):
        passwords.check_strength(password)
        changes["password"] = await asyncio.to_thread(passwords.hashed, password)
    return changes


def _user_id(text: Any) -> str:
    try:
        return str(uuid.UUID(text))
    except (ValueError, AttributeError, TypeError):
        raise AuthError(404, "validation_failed", "user_id must be an UUID") from None


def _number(call: Request, name: str, default: int) -> int:
    text = call.query_params.get(name) or str(default)
    if not text.isdecimal() or not 0 < int(text) < 2**31:
        raise invalid(f"Bad Pagination Parameters: {name} is not a positive number")
    return int(text)


def _links(number: int, size: int, total: int) -> str:
    last = max(1, -(-total // size))
    links = [f'</admin/users?page={last}&per_page={size}>; rel="last"']
    if number < last:
        links.insert(0, f'</admin/users?page={number + 1}&per_page={size}>; rel="next"')
    return ", ".join(links)
