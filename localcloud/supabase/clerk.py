"""Clerk's side of a sign-in: its keys, and session tokens in its shape."""

from __future__ import annotations

import hashlib
import time
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from localcloud.supabase.signing import KeyRing


def token(ring: KeyRing, issuer: str, email: str, lifetime: int) -> str:
    """A session token as Clerk's Supabase template makes it; the same address is always the same user."""
    now = int(time.time())
    subject = hashlib.sha256(email.lower().encode()).hexdigest()[:27]
    claims = {
        "iss": issuer,
        "sub": f"user_{subject}",
        "sid": f"sess_{subject}",
        "aud": "authenticated",
        "role": "authenticated",
        "email": email,
        "iat": min(now, now + lifetime),
        "nbf": min(now, now + lifetime) - 10,
        "exp": now + lifetime,
    }
    return ring.sign(claims)
