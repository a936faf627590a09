"""Verifies the JWTs of this project: HS256 with its secret, or ES256 with its keys."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import jwt

if TYPE_CHECKING:
    from localcloud.supabase.signing import KeyRing

LEEWAY_SECONDS = 30  # what PostgREST allows


class TokenError(Exception):
    """A token that does not hold."""

    rest_code = "PGRST301"


class ExpiredTokenError(TokenError):
    """A token whose time is over."""

    rest_code = "PGRST303"


class Verifier:
    """Pins the algorithm by what the header names: an ES256 key never verifies an HS256 token."""

    def __init__(self, secret: str, ring: KeyRing) -> None:
        self._secret = secret
        self._ring = ring

    def claims(self, token: str) -> dict[str, Any]:
        """The claims of a token that is signed by this project and within its time.

        Raises:
            ExpiredTokenError: its `exp` has passed.
            TokenError: anything else that is wrong with it.
        """
        try:
            header = jwt.get_unverified_header(token)
            key, algorithm = self._key(header)
            options: Any = {"verify_aud": False, "verify_sub": False}
            return jwt.decode(token, key, algorithms=[algorithm], options=options, leeway=LEEWAY_SECONDS)
        except jwt.ExpiredSignatureError:
            raise ExpiredTokenError("JWT expired") from None
        except jwt.ImmatureSignatureError:
            raise TokenError("JWT not yet valid") from None
        except jwt.InvalidTokenError as error:
            raise TokenError(str(error)) from None

    def _key(self, header: dict[str, Any]) -> tuple[Any, str]:
        if header.get("alg") == "HS256":
            return self._secret, "HS256"
        key = self._ring.public_key(header.get("kid")) if header.get("alg") == self._ring.algorithm else None
        if key is None:
            raise TokenError("No suitable key or wrong key type")
        return key, self._ring.algorithm
