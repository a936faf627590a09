"""JSON Web Tokens (RFC 7519), as strictly as this API needs them."""

from __future__ import annotations

import binascii
import json
import re
from base64 import urlsafe_b64decode
from dataclasses import dataclass
from typing import Any

MAX_TOKEN_CHARACTERS = 8192
# The issuer's clock may run a little ahead of ours; for the end of a token's life nothing is added.
NOT_BEFORE_LEEWAY = 5  # seconds
_BASE64URL = re.compile(r"[A-Za-z0-9_-]*")


class InvalidTokenError(ValueError):
    """The token proves nothing; the message says why, for the log only."""


@dataclass(frozen=True)
class Token:
    """A token taken apart; nothing in it is to be believed before its signature is checked."""

    algorithm: str
    key_id: str | None
    claims: dict[str, Any]
    signed: bytes
    signature: bytes


def read(text: str) -> Token:
    """Take a token apart.

    Raises:
        InvalidTokenError: not a compact JWS of two JSON objects, or with extensions that must be understood.
    """
    parts = text.split(".")
    if len(parts) != 3 or len(text) > MAX_TOKEN_CHARACTERS or not text.isascii():  # noqa: PLR2004 - header, claims, signature
        raise InvalidTokenError("not a token")
    header, claims = (_object(part) for part in parts[:2])
    if "crit" in header:
        raise InvalidTokenError("has critical extensions")
    algorithm, key_id = header.get("alg"), header.get("kid")
    if not isinstance(algorithm, str) or not (key_id is None or isinstance(key_id, str)):
        raise InvalidTokenError("has a malformed header")
    return Token(algorithm, key_id, claims, ".".join(parts[:2]).encode(), decode(parts[2]))


def decode(text: str) -> bytes:
    """Undo unpadded base64url.

    Raises:
        InvalidTokenError: it is not base64url.
    """
    if not _BASE64URL.fullmatch(text):  # Python would skip what is none: many tokens would be the same
        raise InvalidTokenError("is not base64url")
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except binascii.Error as error:
        raise InvalidTokenError("is not base64url") from error


def _object(part: str) -> dict[str, Any]:
    try:
        value = json.loads(decode(part))
    except (ValueError, RecursionError) as error:
        raise InvalidTokenError("is not JSON") from error
    if not isinstance(value, dict):
        raise InvalidTokenError("is not an object")
    return value


def check_claims(claims: dict[str, Any], issuer: str, audience: str, now: float) -> str:
    """Check who made the token, for whom and for when, and give its subject.

    Raises:
        InvalidTokenError: any of issuer, audience, expiry, not-before or subject is missing or wrong.
    """
    expires, begins, audiences = claims.get("exp"), claims.get("nbf", 0), claims.get("aud")
    if claims.get("iss") != issuer:
        raise InvalidTokenError("is from another issuer")
    if audience not in (audiences if isinstance(audiences, list) else [audiences]):
        raise InvalidTokenError("is for another audience")
    if not _is_after(expires, now):
        raise InvalidTokenError("is expired")
    if _is_after(begins, now + NOT_BEFORE_LEEWAY) or not _is_after(begins, -1):
        raise InvalidTokenError("is not valid yet")
    subject = claims.get("sub")
    if not isinstance(subject, str) or not subject:
        raise InvalidTokenError("has no subject")
    return subject


def _is_after(claim: Any, moment: float) -> bool:
    return isinstance(claim, (int, float)) and not isinstance(claim, bool) and claim > moment
