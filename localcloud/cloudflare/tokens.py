"""The bearer token: who may call, and the token check."""

from __future__ import annotations

import hmac
from hashlib import sha256

from localcloud.cloudflare.call import Answer, Call, Resource
from localcloud.cloudflare.errors import (
    AuthenticationError,
    InvalidTokenError,
    MalformedCredentialsError,
    MissingCredentialsError,
)

VERIFY_PATHS = ("/user/tokens/verify", "/accounts/{account_id}/tokens/verify")


def authenticate(authorization: str | None, token: str, *, verifying: bool = False) -> None:
    """Compare a request's Authorization header with the token, in constant time; pure.

    Raises:
        MissingCredentialsError, MalformedCredentialsError: there is no bearer token to compare.
        AuthenticationError: it is another one; InvalidTokenError on the token check itself.
    """
    if not authorization:
        raise MissingCredentialsError
    scheme, _, given = authorization.partition(" ")
    if scheme.lower() != "bearer" or not given.strip():
        raise MalformedCredentialsError
    if not hmac.compare_digest(given.strip().encode(), token.encode()):
        raise InvalidTokenError if verifying else AuthenticationError


async def verify(call: Call) -> Answer:
    """Whoever gets here has a token that is active; its id is derived, not the token itself."""
    token = call.request.headers["authorization"].partition(" ")[2].strip()
    messages = [{"code": 10000, "message": "This API Token is valid and active", "type": None}]
    return Answer({"id": sha256(token.encode()).hexdigest()[:32], "status": "active"}, messages=messages)


RESOURCE: Resource = {path: {"GET": verify} for path in VERIFY_PATHS}
