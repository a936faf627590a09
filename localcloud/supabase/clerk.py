"""Clerk's side of a sign-in: its keys, and session tokens in its shape."""

from __future__ import annotations

import hashlib
import time
import uuid
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.supabase.signing import KeyRing


def token(ring: KeyRing, issuer: str, email: str, lifetime: int) -> str:
    """A session token as Clerk's Supabase template makes it; the same address is always the same user."""
    now = int(time.time())
    name = _name(email)
    claims = {
        "iss": issuer,
        "sub": f"user_{name}",
        "sid": f"sess_{name}",
        "aud": "authenticated",
        "role": "authenticated",
        "email": email,
        "iat": min(now, now + lifetime),
        "nbf": min(now, now + lifetime) - 10,
        "exp": now + lifetime,
    }
    return ring.sign(claims)


def user_id(issuer: str, email: str) -> str:
    """The id under which the API keeps what is this user's: made from the subject as the API makes it."""
    return str(uuid.uuid5(uuid.uuid5(uuid.NAMESPACE_URL, issuer), f"user_{_name(email)}"))


def _name(email: str) -> str:
    return hashlib.sha256(email.lower().encode()).hexdigest()[:27]
