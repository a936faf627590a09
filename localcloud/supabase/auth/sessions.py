"""Sessions: an access token (JWT) that lives an hour, and refresh tokens that work once."""

from __future__ import annotations

import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from localcloud.supabase.auth import users
from localcloud.supabase.auth.errors import AuthError

if TYPE_CHECKING:
    from localcloud.supabase.database import Connection
    from localcloud.supabase.signing import KeyRing

LIFETIME = 3600  # seconds; a project's default, and supabase/config.toml's jwt_expiry
AUDIENCE = "authenticated"

# A used token that comes back is a stolen one: GoTrue ends its session. Within ten seconds it is a client
# that retried, and may go on (its "reuse interval").
_REFRESH = """
update auth.refresh_tokens as t set revoked = true, updated_at = now()
where t.token = %(token)s and (not t.revoked or t.updated_at > now() - interval '10 seconds')
returning t.session_id, t.user_id
"""
_END_STOLEN = """
delete from auth.sessions where id in (select session_id from auth.refresh_tokens where token = %(token)s)
returning id
"""


@dataclass(frozen=True)
class Issuer:
    """Signs access tokens in one project's name."""

    name: str
    ring: KeyRing

    def token(self, user: dict[str, Any], session_id: str, lifetime: int = LIFETIME) -> str:
        """The access token of a user's session; a negative lifetime gives one that has expired."""
        now = int(time.time())
        claims = {
            "iss": self.name,
            "sub": user["id"],
            "aud": AUDIENCE,
            "exp": now + lifetime,
            "iat": min(now, now + lifetime),
            "email": user["email"],
            "phone": user["phone"],
            "app_metadata": user["app_metadata"],
            "user_metadata": user["user_metadata"],
            "role": user["role"],
            "aal": "aal1",
            "amr": [{"method": "password", "timestamp": now}],
            "session_id": session_id,
            "is_anonymous": user["is_anonymous"],
        }
        return self.ring.sign(claims)


async def begin(connection: Connection, user_id: str) -> str:
    """Open a session for a user and give its id."""
    query = """
        with seen as (update auth.users set last_sign_in_at = now() where id = %(id)s)
        insert into auth.sessions (user_id) values (%(id)s) returning id
    """
    row = await (await connection.execute(query, {"id": user_id})).fetchone()
    return str(row[0]) if row else ""


async def answer(connection: Connection, issuer: Issuer, user_id: str, session_id: str) -> dict[str, Any]:
    """A new pair of tokens for a session, as every sign-in answers."""
    refresh = secrets.token_urlsafe(12)
    await connection.execute(
        "insert into auth.refresh_tokens (token, user_id, session_id) values (%s, %s, %s)",
        (refresh, user_id, session_id),
    )
    user = await users.by_id(connection, user_id)
    return {
        "access_token": issuer.token(user, session_id),
        "token_type": "bearer",
        "expires_in": LIFETIME,
        "expires_at": int(time.time()) + LIFETIME,
        "refresh_token": refresh,
        "user": user,
    }


async def refresh(connection: Connection, issuer: Issuer, token: str) -> dict[str, Any]:
    """Trade a refresh token for a new pair.

    Raises:
        AuthError: it is unknown, or was used before.
    """
    values = {"token": token}
    row = await (await connection.execute(_REFRESH, values)).fetchone()
    if row is not None:
        return await answer(connection, issuer, str(row[1]), str(row[0]))
    stolen = await (await connection.execute(_END_STOLEN, values)).fetchone()
    if stolen is not None:
        raise AuthError(400, "refresh_token_already_used", "Invalid Refresh Token: Already Used")
    raise AuthError(400, "refresh_token_not_found", "Invalid Refresh Token: Refresh Token Not Found")


async def lives(connection: Connection, session_id: str) -> bool:
    """Whether a session was not signed out."""
    cursor = await connection.execute("select 1 from auth.sessions where id::text = %s", (session_id,))
    return await cursor.fetchone() is not None


async def end(connection: Connection, user_id: str, session_id: str, scope: str) -> None:
    """Sign out: this session (`local`), all but this (`others`), or all (`global`)."""
    conditions = {
        "local": " and id::text = %(session)s",
        "others": " and id::text <> %(session)s",
        "global": "",
    }
    query = "delete from auth.sessions where user_id = %(user)s" + conditions[scope]  # noqa: S608 - constants
    await connection.execute(query.encode(), {"user": user_id, "session": session_id})
