"""The JSON body of a request to the auth service."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from localcloud.supabase.auth.errors import AuthError, invalid

if TYPE_CHECKING:
    from starlette.requests import Request


async def fields(call: Request) -> dict[str, Any]:
    """The body's fields.

    Raises:
        AuthError: the body is no JSON object.
    """
    try:
        document = json.loads((await call.body()).decode() or "{}")
    except (ValueError, RecursionError):
        document = None
    if not isinstance(document, dict):
        raise AuthError(400, "bad_json", "Could not parse request body as JSON")
    return document


def mapping(body: dict[str, Any], name: str) -> dict[str, Any]:
    """A field that holds an object, or nothing.

    Raises:
        AuthError: it holds something else.
    """
    value = body.get(name) or {}
    if not isinstance(value, dict):
        raise invalid(f"{name} must be an object")
    return value
