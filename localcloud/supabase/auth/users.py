"""Users in auth.users, each with one e-mail identity."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from psycopg.types.json import Jsonb

from localcloud.supabase.auth.errors import AuthError, invalid

if TYPE_CHECKING:
    from localcloud.supabase.database import Connection

_EMAIL = re.compile(r"[^@\s]+@[^@\s.]+(\.[^@\s.]+)*")
_OPTIONAL = (
    "email_confirmed_at",
    "confirmed_at",
    "last_sign_in_at",
    "invited_at",
    "banned_until",
    "deleted_at",
)

_USER = """
json_build_object(
    'id', u.id, 'aud', u.aud, 'role', u.role, 'email', coalesce(u.email, ''),
    'phone', coalesce(u.phone, ''), 'email_confirmed_at', u.email_confirmed_at,
    'confirmed_at', u.confirmed_at, 'last_sign_in_at', u.last_sign_in_at,
    'invited_at', u.invited_at, 'banned_until', u.banned_until, 'deleted_at', u.deleted_at,
    'app_metadata', u.raw_app_meta_data, 'user_metadata', u.raw_user_meta_data,
    'identities', (
        select coalesce(json_agg(json_build_object(
            'identity_id', i.id, 'id', i.provider_id, 'user_id', i.user_id, 'identity_data', i.identity_data,
            'provider', i.provider, 'last_sign_in_at', i.last_sign_in_at, 'created_at', i.created_at,
            'updated_at', i.updated_at, 'email', i.email
        )), '[]') from auth.identities as i where i.user_id = u.id
    ),
    'created_at', u.created_at, 'updated_at', u.updated_at, 'is_anonymous', u.is_anonymous
)
"""

_CREATE = f"""
with u as (
    insert into auth.users (
        id, email, role, encrypted_password, email_confirmed_at, raw_user_meta_data, raw_app_meta_data
    )
    values (
        coalesce(%(id)s, gen_random_uuid()), %(email)s, %(role)s, %(password)s,
        case when %(confirmed)s then now() end, %(user_metadata)s,
        '{{"provider": "email", "providers": ["email"]}}'::jsonb || %(app_metadata)s
    )
    on conflict do nothing
    returning *
),
identity as (
    insert into auth.identities (provider_id, user_id, provider, last_sign_in_at, identity_data)
    select
        u.id::text, u.id, 'email', now(),
        jsonb_build_object('sub', u.id, 'email', u.email, 'email_verified', true, 'phone_verified', false)
        || %(user_metadata)s
    from u
)
select {_USER} as document from u
"""  # noqa: S608 - made of constants

_UPDATE = f"""
with u as (
    update auth.users set
        email = coalesce(%(email)s, email),
        role = coalesce(%(role)s, role),
        encrypted_password = coalesce(%(password)s, encrypted_password),
        email_confirmed_at = coalesce(email_confirmed_at, case when %(confirmed)s then now() end),
        raw_user_meta_data = jsonb_strip_nulls(raw_user_meta_data || %(user_metadata)s),
        raw_app_meta_data = jsonb_strip_nulls(raw_app_meta_data || %(app_metadata)s),
        updated_at = now()
    where id = %(id)s
    returning *
),
identity as (
    update auth.identities as i set
        identity_data = i.identity_data || jsonb_build_object('email', u.email), updated_at = now()
    from u where i.user_id = u.id
)
select {_USER} as document from u
"""  # noqa: S608 - made of constants


def normal_email(email: Any) -> str:
    """An address as GoTrue stores it: in lower case.

    Raises:
        AuthError: it is no address.
    """
    if not isinstance(email, str) or not _EMAIL.fullmatch(email) or len(email) > 255:  # noqa: PLR2004 - the column
        raise invalid("Unable to validate email address: invalid format")
    return email.lower()


async def create(connection: Connection, **fields: Any) -> dict[str, Any] | None:
    """Insert a user and give its JSON; None where the address or id is taken.

    Args:
        connection: to the database.
        fields: email, and where wanted id, role, password (hashed), confirmed, user_metadata, app_metadata.
    """
    return await _one(connection, _CREATE, _values(fields, role="authenticated", confirmed=True))


async def ensured(connection: Connection, email: str) -> dict[str, Any]:
    """Give the JSON of the user of an address, who is created where needed.

    Raises:
        AuthError: the address is none, or belongs to a single sign-on alone.
    """
    email = normal_email(email)
    created = await create(connection, email=email)
    found = None if created else await by_email(connection, email)
    return _required(created or (found[0] if found else None))


async def update(connection: Connection, user_id: str, **fields: Any) -> dict[str, Any]:
    """Change what is given and give the user's JSON.

    Raises:
        AuthError: there is no such user.
    """
    return _required(await _one(connection, _UPDATE, {**_values(fields), "id": user_id}))


async def by_id(connection: Connection, user_id: str) -> dict[str, Any]:
    """Give a user's JSON.

    Raises:
        AuthError: there is no such user.
    """
    query = f"select {_USER} from auth.users as u where u.id = %(id)s"  # noqa: S608 - made of constants
    return _required(await _one(connection, query, {"id": user_id}))


async def by_email(connection: Connection, email: str) -> tuple[dict[str, Any], str | None] | None:
    """Give a user's JSON and password hash, or None."""
    query = f"""
        select {_USER}, u.encrypted_password from auth.users as u
        where u.email = %(email)s and not u.is_sso_user
    """  # noqa: S608 - made of constants
    row = await (await connection.execute(query, {"email": email})).fetchone()
    return (_clean(row[0]), row[1]) if row else None


async def password_of(connection: Connection, user_id: str) -> str | None:
    """Give a user's password hash."""
    query = "select encrypted_password from auth.users where id = %s"
    row = await (await connection.execute(query, (user_id,))).fetchone()
    return row[0] if row else None


async def page(connection: Connection, number: int, size: int) -> tuple[list[dict[str, Any]], int]:
    """Give one page of users, oldest first, and how many there are in all."""
    query = f"""
        select
            (select coalesce(json_agg(page.document order by page.created_at, page.id), '[]') from (
                select u.created_at, u.id, {_USER} as document from auth.users as u
                order by u.created_at, u.id limit %(size)s offset %(offset)s
            ) as page),
            (select count(*) from auth.users)
    """  # noqa: S608 - made of constants
    cursor = await connection.execute(query, {"size": size, "offset": (number - 1) * size})
    row = await cursor.fetchone()
    return ([_clean(user) for user in row[0]], row[1]) if row else ([], 0)


async def remove(connection: Connection, user_id: str) -> None:
    """Delete a user with sessions and tokens.

    Raises:
        AuthError: there is no such user.
    """
    cursor = await connection.execute("delete from auth.users where id = %s", (user_id,))
    if cursor.rowcount == 0:
        raise _not_found()


async def _one(connection: Connection, query: str, values: dict[str, Any]) -> dict[str, Any] | None:
    row = await (await connection.execute(query.encode(), values)).fetchone()
    return _clean(row[0]) if row else None


def _values(fields: dict[str, Any], **defaults: Any) -> dict[str, Any]:
    empty = dict.fromkeys(("id", "email", "role", "password", "confirmed"))
    values = {**empty, **defaults, **{name: value for name, value in fields.items() if value is not None}}
    for name in ("user_metadata", "app_metadata"):
        values[name] = Jsonb(fields.get(name) or {})
    return values


def _clean(document: dict[str, Any]) -> dict[str, Any]:
    """Leave out the times that have not come, as GoTrue does."""
    return {name: value for name, value in document.items() if value is not None or name not in _OPTIONAL}


def _required(user: dict[str, Any] | None) -> dict[str, Any]:
    if user is None:
        raise _not_found()
    return user


def _not_found() -> AuthError:
    return AuthError(404, "user_not_found", "User not found")
