"""Password hashes: scrypt, because the local PostgreSQL has no pgcrypto and Python brings it."""

from __future__ import annotations

import base64
import hashlib
import hmac
import secrets

from localcloud.supabase.auth.errors import AuthError, invalid

MINIMUM = 6  # a project's default, and supabase/config.toml's minimum_password_length
MAXIMUM = 72  # GoTrue's, which comes from bcrypt
COST = 2**13  # 8 MB and some 20 ms: the passwords of one machine's test users


def check_strength(password: str) -> None:
    """Refuse what GoTrue refuses.

    Raises:
        AuthError: too short, or too long.
    """
    if len(password) > MAXIMUM:
        raise invalid(f"Password cannot be longer than {MAXIMUM} characters")
    if len(password) < MINIMUM:
        message = f"Password should be at least {MINIMUM} characters."
        raise AuthError(422, "weak_password", message, weak_password={"reasons": ["length"]})


def hashed(password: str) -> str:
    """`$scrypt$<cost>$<salt>$<digest>`, the last two in base64."""
    salt = secrets.token_bytes(16)
    return f"$scrypt${COST}${_text(salt)}${_text(_digest(password, salt, COST))}"


def matches(password: str, stored: str | None) -> bool:
    """Whether the password is the stored one; a user without a password takes as long to refuse."""
    _, _, cost, salt, digest = (stored or _NOBODY).split("$")
    found = _digest(password, base64.b64decode(salt), int(cost))
    return hmac.compare_digest(found, base64.b64decode(digest)) and stored is not None


def _digest(password: str, salt: bytes, cost: int) -> bytes:
    return hashlib.scrypt(password.encode(), salt=salt, n=cost, r=8, p=1)


def _text(data: bytes) -> str:
    return base64.b64encode(data).decode()


_NOBODY = f"$scrypt${COST}${_text(bytes(16))}${_text(bytes(64))}"
