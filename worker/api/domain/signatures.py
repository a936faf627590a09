"""HMAC signatures over what the platform hands out: job tokens, media addresses, webhook bodies."""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import quote


def equal(given: str, expected: str) -> bool:
    """Compare in constant time; any text may be given."""
    return hmac.compare_digest(given.encode("utf-8", "replace"), expected.encode("utf-8", "replace"))


def sign(secret: str, message: bytes) -> str:
    """Give the hex HMAC-SHA256 of a message."""
    return hmac.new(secret.encode(), message, hashlib.sha256).hexdigest()


def job_token(secret: str, job_id: str) -> str:
    """Give the token that lets a provider report on one job and on no other."""
    return sign(secret, f"job:{job_id}".encode())


def media_signature(secret: str, method: str, key: str, expires: int) -> str:
    """Give the signature that allows one method on one key until a unix time."""
    return sign(secret, f"{method}\n{key}\n{expires}".encode())


def media_address(origin: str, secret: str, method: str, key: str, expires: int) -> str:
    """Give the address at which one method on one key is allowed until a unix time."""
    signature = media_signature(secret, method, key, expires)
    return f"{origin}/media/{quote(key)}?expires={expires}&signature={signature}"


def media_allows(secret: str, method: str, key: str, query: dict[str, str], now: float) -> bool:
    """Tell whether an address's `expires` and `signature` allow the method on the key now."""
    expires = query.get("expires", "")
    if not (expires.isascii() and expires.isdigit() and len(expires) <= 12):  # noqa: PLR2004 - digits of a unix time
        return False
    expected = media_signature(secret, method, key, int(expires))
    return equal(query.get("signature", ""), expected) and now < int(expires)
